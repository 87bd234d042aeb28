// One command from its words to its exit code: tools, signals, errors as text.

import { type Called, parseCommandLine } from './cli.ts';
import { createTools } from './context.ts';
import { EXIT, TpError } from './errors.ts';
import { explainError } from './output/explain-error.ts';
import { createPrinter, type OutputFormat } from './output/printer.ts';
import { createProgress } from './output/progress.ts';

export async function runCommandLine(words: readonly string[]): Promise<number> {
  // Errors in the command line itself are told the way it seems to ask for.
  let format: OutputFormat = seemsJson(words) ? 'json' : 'text';
  try {
    const invocation = await parseCommandLine(words);
    if (invocation.kind === 'help') {
      process.stdout.write(`${invocation.text}\n`);
      return EXIT.ok;
    }
    format = invocation.format;
    return await runCommand(invocation);
  } catch (error) {
    const { text, exitCode } = explainError(error, format, { debug: process.env.TP_DEBUG !== undefined });
    // JSON is a result, too: whoever parses stdout finds the error there.
    (format === 'json' ? process.stdout : process.stderr).write(`${text}\n`);
    return exitCode;
  }
}

async function runCommand({ command, args, flags, format, verbose }: Called): Promise<number> {
  const signal = abortOnSignals();
  const tools = createTools({
    flags,
    env: process.env,
    printer: createPrinter((text) => void process.stdout.write(text), format),
    progress: createProgress(process.stderr, { quiet: !verbose }),
    signal,
  });
  try {
    return (await command.run(tools, args)) ?? EXIT.ok;
  } catch (error) {
    // Sockets and child processes tell of the signal in words of their own.
    throw signal.aborted && !(error instanceof TpError) ? signal.reason : error;
  }
}

/** The first signal asks the command to undo what it did; a second one ends it the usual way. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort(interrupted()));
  return controller.signal;
}

function interrupted(): TpError {
  return new TpError('INTERRUPTED', 'Interrupted.');
}

function seemsJson(words: readonly string[]): boolean {
  const text = words.join(' ');
  return /(^| )(-[A-Za-z]*o[ =]?|--output[ =])json( |$)/.test(text);
}
