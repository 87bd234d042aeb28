// The addresses that `localhost` means on a laptop, in the order in which they are tried: many development servers listen
// on one of the two only.

export const LOCALHOST = ['127.0.0.1', '::1'] as const;
