// What the volume server is started with; everything after this is exact.

import { ControlPlaneError } from '../errors.ts';
import { parseVolumeKey, SECRET_BYTES, type VolumeExport, type VolumeServerConfig } from '../protocol/volume-server.ts';

/** From the only argument, JSON of the laptop's making. Throws CONFIG_INVALID. */
export function parseConfig(argument: string | undefined): VolumeServerConfig {
  const { port, publicKey, secret, exports } = parseObject(argument);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('"port"');
  // Else it would show only when a laptop comes, and end the process.
  if (typeof publicKey !== 'string' || !isEd25519(publicKey)) throw invalid('"publicKey"');
  // Without one everybody could pose as the server.
  if (typeof secret !== 'string' || Buffer.from(secret, 'base64').length !== SECRET_BYTES) throw invalid('"secret"');
  if (!Array.isArray(exports) || !exports.every(isExport)) throw invalid('"exports"');
  return { port, publicKey, secret, exports };
}

function parseObject(argument: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(argument ?? '');
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw invalid('which is no JSON object');
}

function isEd25519(publicKey: string): boolean {
  try {
    return parseVolumeKey(publicKey).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

function isExport(value: unknown): value is VolumeExport {
  const { folder, subPath, isReadOnly } = (value ?? {}) as Partial<Record<string, unknown>>;
  const isPart = subPath === undefined || (typeof subPath === 'string' && !subPath.split('/').includes('..'));
  return typeof folder === 'string' && folder.startsWith('/') && typeof isReadOnly === 'boolean' && isPart;
}

function invalid(what: string): ControlPlaneError {
  return new ControlPlaneError('CONFIG_INVALID', `The argument of the volume server is wrong: ${what}.`);
}
