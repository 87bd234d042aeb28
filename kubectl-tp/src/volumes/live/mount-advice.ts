// What a person can do so that live files are mounted next time, from why they were not. Pure.

type Advice = { readonly why: RegExp; readonly advice: string };

/** In the words of libfuse 3 and of this package. */
const ADVICE: readonly Advice[] = [
  { why: /sshfs is not on this machine/, advice: 'For live files install sshfs, for example: sudo apt install sshfs' },
  { why: /need Linux/, advice: 'For live files use a Linux machine, a container or WSL 2' },
  {
    why: /failed to exec fusermount3/,
    advice:
      'For live files install fuse3 (sudo apt install fuse3), or have a command after -- in its own network: --network cluster',
  },
  {
    why: /fusermount3: mount failed: Operation not permitted/,
    advice:
      'For live files let fusermount3 run as root (sudo chmod u+s "$(command -v fusermount3)"), or have a command after -- in its own network: --network cluster',
  },
  { why: /\/dev\/fuse: Permission denied/, advice: 'For live files let all users mount: sudo chmod 666 /dev/fuse' },
  { why: /device not found/, advice: 'For live files load the kernel module: sudo modprobe fuse' },
];

/** Undefined where nothing would help. */
export function adviseMount(why: string): string | undefined {
  return ADVICE.find((one) => one.why.test(why))?.advice;
}
