// Reads header conditions as people type them, `x-dev=me` or `x-dev: me`, and refuses those that could never match,
// with the reason.

import type { HeaderMatch } from '../api/index.ts';
import {
  HEADER_NAME_PATTERN,
  HEADER_VALUE_PATTERN,
  MAX_HEADER_MATCHES,
  MAX_HEADER_NAME_LENGTH,
  MAX_HEADER_VALUE_LENGTH,
} from '../api/v1alpha1/header-limits.ts';
import { ControlPlaneError } from '../errors.ts';
import { whyNotMatchable } from './matchable.ts';

const NAME = new RegExp(HEADER_NAME_PATTERN, 'u');
const VALUE = new RegExp(HEADER_VALUE_PATTERN, 'u');

/** Throws HEADER_MALFORMED or HEADER_NOT_MATCHABLE. */
export function parseHeader(text: string): HeaderMatch {
  const separator = text.search(/[=:]/);
  if (text.startsWith(':')) throw buildNotMatchable(text, 'names that start with ":" are not headers');
  if (text.trim() === '') throw buildMalformed(text, 'it is empty');
  if (separator < 0) throw buildMalformed(text, 'it has no value');
  if (separator === 0) throw buildMalformed(text, 'it has no name');
  const name = text.slice(0, separator).trim().toLowerCase();
  const value = text.slice(separator + 1).trim();
  if (!NAME.test(name)) throw buildMalformed(text, `"${name}" can't be the name of a header`);
  if (name.length > MAX_HEADER_NAME_LENGTH) throw buildTooLong(text, 'name', MAX_HEADER_NAME_LENGTH);
  if (value === '') throw buildMalformed(text, 'its value is empty');
  if (!VALUE.test(value)) throw buildMalformed(text, 'its value has control characters');
  if (value.length > MAX_HEADER_VALUE_LENGTH) throw buildTooLong(text, 'value', MAX_HEADER_VALUE_LENGTH);
  assertMatchable(name, text);
  return { name, value };
}

/** All conditions of one intercept, sorted by name; the same condition twice counts once. Also throws HEADER_TWICE. */
export function parseHeaders(texts: readonly string[]): HeaderMatch[] {
  const byName = new Map<string, HeaderMatch>();
  for (const header of texts.map(parseHeader)) {
    const known = byName.get(header.name);
    if (known !== undefined && known.value !== header.value) throw buildTwice(known, header);
    byName.set(header.name, header);
  }
  if (byName.size > MAX_HEADER_MATCHES) {
    throw buildMalformed(texts.join(', '), `an intercept can have ${MAX_HEADER_MATCHES} headers, not ${byName.size}`);
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function assertMatchable(name: string, text: string): void {
  const why = whyNotMatchable(name);
  if (why !== undefined) throw buildNotMatchable(text, why);
}

function buildTooLong(text: string, part: 'name' | 'value', length: number): ControlPlaneError {
  return buildMalformed(text, `its ${part} is longer than ${length}`);
}

function buildMalformed(text: string, why: string): ControlPlaneError {
  return new ControlPlaneError('HEADER_MALFORMED', `The header condition "${abbreviate(text)}" is malformed: ${why}.`, {
    hint: 'Write it as --header x-dev=me or --header "x-dev: me".',
  });
}

function buildNotMatchable(text: string, why: string): ControlPlaneError {
  return new ControlPlaneError('HEADER_NOT_MATCHABLE', `"${abbreviate(text)}" can't be matched: ${why}.`, {
    hint: 'Choose a header of your own that the services pass on, such as --header x-dev=me.',
  });
}

function buildTwice(a: HeaderMatch, b: HeaderMatch): ControlPlaneError {
  const message = `No request has both "${a.name}: ${a.value}" and "${b.name}: ${b.value}", and all conditions must hold.`;
  return new ControlPlaneError('HEADER_TWICE', message, {
    hint: 'Give each header one value; for two values make two intercepts.',
  });
}

function abbreviate(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
