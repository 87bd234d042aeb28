// Where no file of a pod is laid, whatever the laptop has there: whoever writes pods may be hostile, and no program and
// no configuration of the laptop's programs may come from one.

/** Programs, what they load, and what the kernel shows: nothing is laid in these. */
const CLOSED = [
  '/bin',
  '/boot',
  '/dev',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/nix',
  '/proc',
  '/root',
  '/sbin',
  '/snap',
  '/sys',
  '/usr',
];
/** But here applications are, in containers. */
const OPEN = '/usr/src';

const CONFIGURATION = '/etc';
/**
 * Names in /etc that programs of the laptop read without being told, whether or not they are there: an absent one would
 * be obeyed as soon as a pod brings it. Each leads to code or to trust: what shells and interpreters run at their start,
 * libraries that others load, helpers that tools call, whom TLS and SSH believe.
 */
const CONFIGURATION_NAMES = [
  // Shells; the dynamic linker, name service, log-in.
  'profile bash zsh csh ksh fish environment ld ld.so nsswitch pam security default sysconfig systemd dbus polkit',
  // Drivers and plugins, which programs load as libraries.
  'opencl vulkan glvnd egl gtk alsa pulse pipewire openal imagemagick gss sasl sasl2 pkcs11 opensc nvidia openmpi',
  // Desktop, browsers and their policies.
  'xdg x11 opt dconf fonts chromium firefox thunderbird brave',
  // Trust.
  'ssh ssl pki ca-certificates crypto-policies krb5 gnupg openssl gnutls',
  // Interpreters, and what builds.
  'python perl php ruby lua julia r ipython jupyter conda pip npm node java jvm dotnet maven gradle ansible powershell',
  // Tools with hooks, plugins or commands in their settings.
  'git mercurial subversion vim emacs nano gdb tmux screen less mc mysql postgresql-common containers docker cni apt dnf',
].flatMap((names) => names.split(' '));
/** What follows a name: its version, or a variant of it (`java-21-openjdk`, `python3.13`). */
const VARIANT = /^([-.\d].*)?$/;
/** Folders of fragments, as `profile.d` and `ld.so.conf.d`. */
const FRAGMENTS = /\.d$/;

export type ClosedPlaces = {
  /** Undefined where files may be laid if nothing is there. `path` has no links. */
  readonly why: (path: string, isFolder: boolean) => string | undefined;
};

type Options = {
  /** Folders of the person. */
  readonly kept: readonly string[];
  /** Where programs are looked for. */
  readonly programs: readonly string[];
  /** What is in /etc before anything is laid. */
  readonly configured: ReadonlySet<string>;
};

export function createClosedPlaces({ kept, programs, configured }: Options): ClosedPlaces {
  const closed = [...CLOSED, ...kept];
  return {
    why(path, isFolder) {
      if (closed.some((folder) => isIn(path, folder)) && !isIn(path, OPEN)) return 'the laptop needs its own there';
      // One above would bring the programs' folder with it.
      if (programs.some((folder) => isIn(path, folder) || isIn(folder, path))) return 'programs are looked for there';
      return isIn(path, CONFIGURATION) ? whyNotConfiguration(path, isFolder, configured) : undefined;
    },
  };
}

/** Programs read single files there that no laptop has to have (ld.so.preload, gitconfig), and run what these name. */
function whyNotConfiguration(path: string, isFolder: boolean, configured: ReadonlySet<string>): string | undefined {
  if (!isFolder) return 'a single file there may be for all programs';
  const name = path.slice(CONFIGURATION.length + 1).split('/')[0] ?? '';
  if (name === '' || configured.has(name)) return 'the laptop has its own there';
  if (isConfiguration(name.toLowerCase())) return `programs of the laptop obey ${name} there`;
  return undefined;
}

function isConfiguration(name: string): boolean {
  const isVariant = (known: string) => name.startsWith(known) && VARIANT.test(name.slice(known.length));
  return FRAGMENTS.test(name) || CONFIGURATION_NAMES.some(isVariant);
}

export const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
