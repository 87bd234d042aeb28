// Whether this user can have a network for a command on this machine, and if not, why. Tries it where looking cannot
// tell: many parts of a system may forbid it.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describeError, type ErrorDescription, TpError } from '../../errors.ts';
import { assertTunDevice } from '../device/tun-device.ts';
import { isRoot, namespaceFlags, sameUserFlags, unshareProgram } from './unshare.ts';

const TRY_TIMEOUT_MS = 5000;

/** Settings that forbid it, with the value that does. Root needs no user namespace. */
const SETTINGS_FOR_ALL = [
  { name: 'user.max_net_namespaces', forbids: '0', allow: '15000' },
  { name: 'user.max_mnt_namespaces', forbids: '0', allow: '15000' },
] as const;
const SETTINGS_FOR_USERS = [
  ...SETTINGS_FOR_ALL,
  { name: 'user.max_user_namespaces', forbids: '0', allow: '15000' },
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allow: '1' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allow: '0' },
] as const;

/** Undefined when nothing speaks against it. Takes some 10 ms. */
export async function whyNotRootless(env: NodeJS.ProcessEnv = process.env): Promise<ErrorDescription | undefined> {
  try {
    assertLinux();
    const unshare = await unshareProgram(env);
    assertTunDevice();
    await tryNamespaces(unshare);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

function assertLinux(): void {
  if (process.platform === 'linux') return;
  throw new TpError('NAMESPACE_UNSUPPORTED', `A network for one command needs Linux; this is ${process.platform}.`, {
    hint: 'Run the command in a Linux machine, a container or WSL 2.',
  });
}

async function tryNamespaces(unshare: string): Promise<void> {
  const again = isRoot() ? [] : [unshare, ...sameUserFlags(), '--'];
  try {
    await promisify(execFile)(unshare, [...namespaceFlags(), '--', ...again, 'true'], { timeout: TRY_TIMEOUT_MS });
  } catch (cause) {
    throw forbidden(cause);
  }
}

function forbidden(cause: unknown): TpError {
  const settings = isRoot() ? SETTINGS_FOR_ALL : SETTINGS_FOR_USERS;
  const setting = settings.find(({ name, forbids }) => readSetting(name) === forbids);
  if (setting !== undefined) {
    const message = `This machine does not let its users make namespaces: ${setting.name} is ${setting.forbids}.`;
    return new TpError('NAMESPACE_FORBIDDEN', message, {
      hint: `sudo sysctl -w ${setting.name}=${setting.allow}`,
      cause,
    });
  }
  const text = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
  if (/unrecognized option/.test(text)) {
    return new TpError('NAMESPACE_TOOL_MISSING', `The program unshare is too old: ${text.split('\n')[0]}.`, {
      hint: 'Install util-linux, 2.36 or later.',
      cause,
    });
  }
  return new TpError('NAMESPACE_FORBIDDEN', `This machine does not let its users make namespaces: ${text}.`, {
    hint: 'In a container, its seccomp profile may forbid it; else ask who administers the machine.',
    cause,
  });
}

function readSetting(name: string): string | undefined {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
