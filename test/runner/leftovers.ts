// Loaded into every test process: one that does not end by itself after its tests says what keeps it, and ends. ava
// alone would wait for two minutes and not say which it was.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { registerCompletionHandler } from 'ava';

/** Longer than anything ends that is being closed when the last test is over. */
const PATIENCE_MS = 20_000;

registerCompletionHandler(() => {
  const end = () => {
    const file = relative(process.cwd(), fileURLToPath(test.meta.file));
    console.error(`${file} does not end: kept by ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit();
  };
  setTimeout(end, PATIENCE_MS).unref();
});
