// Addresses and ranges of them, for everybody who reads, compares or writes them.
export * from './ip-address.ts';
export * from './ip-range.ts';
