// The Debian packages of sshfs, with the libraries that it loads.

export const MOUNT_PACKAGES = ['sshfs', 'fuse3', 'libfuse3-3', 'libglib2.0-0', 'libpcre2-8-0'];

/** Stands in a `bin` beside the folder `mount` that the packages were unpacked to. */
export const SSHFS_LAUNCHER = `#!/bin/sh
root=\${0%/bin/*}/mount
libraries=$(printf '%s:' "$root"/usr/lib/*-gnu "$root"/lib/*-gnu)
LD_LIBRARY_PATH=$libraries exec "$root/usr/bin/sshfs" "$@"
`;
