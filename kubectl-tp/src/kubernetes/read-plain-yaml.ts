// Reads YAML in the style that kubectl writes kubeconfigs in: maps and lists by indentation, values that end with their
// line. The YAML package knows the rest; to load it and to read one file take half as long as Node takes to start. Pure.

export type PlainYaml = string | boolean | null | PlainYaml[] | { [key: string]: PlainYaml };

/** The line that is read next is the first. */
type Lines = { indent: number; text: string }[];

/** Printable ASCII: no tabs, no other spaces, no other ends of lines. */
const PLAIN_CHARACTERS = /^[\n\x20-\x7e]*$/;
const KEY = /^([A-Za-z][\w./-]*):(?: +(\S.*))?$/;
const ITEM = /^- (\S.*)$/;
/** Words that are no text in one YAML or another. */
const SPECIAL = /^(true|false|null|yes|no|on|off|y|n)$/i;
/** Everything that could be a number is left to the package. */
const NUMBER_LIKE = /^[-+]?(\d|\.\d|\.inf|\.nan)[\w.+-]*$/i;
/** Neither `: `, which begins a map, nor ` #`, which begins a comment, nor what has a meaning at the beginning. */
const TEXT = /^(?:[\w./+]|-(?=\S))(?:[\w./+=@~,()-]|:(?=\S)| (?=[\w./+(]))*$/;

/** Undefined for what it does not know, mistakes among them. */
export function readPlainYaml(text: string): PlainYaml | undefined {
  if (!PLAIN_CHARACTERS.test(text)) return undefined;
  const lines: Lines = [];
  for (const line of text.split('\n')) {
    const content = line.trimStart();
    if (content === '' || content.startsWith('#')) continue;
    // Such a line begins or ends a document where it stands at the margin.
    if (/^(---|\.\.\.)/.test(content)) return undefined;
    lines.push({ indent: line.length - content.length, text: content.trimEnd() });
  }
  const value = lines[0] === undefined ? undefined : readBlock(lines, lines[0].indent);
  return lines.length === 0 ? value : undefined;
}

function readBlock(lines: Lines, indent: number): PlainYaml | undefined {
  return ITEM.test(lines[0]?.text ?? '') ? readList(lines, indent) : readMap(lines, indent);
}

function readList(lines: Lines, indent: number): PlainYaml[] | undefined {
  const list: PlainYaml[] = [];
  for (let line = lines[0]; line?.indent === indent; line = lines[0]) {
    const [, content] = ITEM.exec(line.text) ?? [];
    if (content === undefined) break; // the next key of a map that has this list at its own indentation
    const inner = { indent: indent + '- '.length, text: content };
    lines[0] = inner;
    const value = KEY.test(content) || ITEM.test(content) ? readBlock(lines, inner.indent) : readLine(lines);
    if (value === undefined) return undefined;
    list.push(value);
  }
  return isOver(lines, indent) ? list : undefined;
}

function readMap(lines: Lines, indent: number): { [key: string]: PlainYaml } | undefined {
  const map = new Map<string, PlainYaml>();
  for (let line = lines[0]; line?.indent === indent; line = lines[0]) {
    const [, key, content] = KEY.exec(line.text) ?? [];
    if (key === undefined || SPECIAL.test(key) || map.has(key)) return undefined;
    lines[0] = { indent, text: content ?? '' };
    const value = content === undefined ? readBelow(lines, indent) : readLine(lines);
    if (value === undefined) return undefined;
    map.set(key, value);
  }
  return isOver(lines, indent) ? Object.fromEntries(map) : undefined;
}

/** What is indented further would belong to the value before. */
function isOver(lines: Lines, indent: number): boolean {
  return lines[0] === undefined || lines[0].indent <= indent;
}

/** The value of a key that stands alone: what is indented further, or a list at the key's own indentation. */
function readBelow(lines: Lines, indent: number): PlainYaml | undefined {
  lines.shift();
  const next = lines[0];
  if (next === undefined || next.indent < indent) return null;
  if (next.indent > indent) return readBlock(lines, next.indent);
  return ITEM.test(next.text) ? readList(lines, indent) : null;
}

function readLine(lines: Lines): PlainYaml | undefined {
  const { text = '' } = lines.shift() ?? {};
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (text === '{}') return {};
  if (text === '[]') return [];
  const [, quoted] = /^"([^"\\]*)"$/.exec(text) ?? /^'([^']*)'$/.exec(text) ?? [];
  if (quoted !== undefined) return quoted;
  return TEXT.test(text) && !SPECIAL.test(text) && !NUMBER_LIKE.test(text) ? text : undefined;
}
