// Where Linux has its TUN interfaces; alone, so that who only looks loads no native code.

export const TUN_DEVICE = '/dev/net/tun';
