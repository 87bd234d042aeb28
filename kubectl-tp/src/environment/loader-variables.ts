// Variables by which a pod's environment would run code on the laptop, or change where its tools find theirs. Pure.

const NAMES: ReadonlySet<string> = new Set([
  'BASH_ENV',
  'BASHOPTS',
  'BROWSER',
  'CORECLR_ENABLE_PROFILING',
  'DOTNET_STARTUP_HOOKS',
  'EDITOR',
  'ENV',
  'GCONV_PATH',
  'IFS',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  'LESSCLOSE',
  'LESSOPEN',
  'LUA_INIT',
  'NODE_OPTIONS',
  'NODE_PATH',
  'PAGER',
  'PHPRC',
  'PHP_INI_SCAN_DIR',
  'PROMPT_COMMAND',
  'PS4',
  'RUBYLIB',
  'RUBYOPT',
  'SHELL',
  'SHELLOPTS',
  'SSH_ASKPASS',
  'VISUAL',
  'ZDOTDIR',
  '_JAVA_OPTIONS',
]);
const PREFIXES = ['BASH_FUNC_', 'CORECLR_PROFILER', 'DYLD_', 'GIT_', 'LD_', 'NPM_CONFIG_', 'PERL5', 'PYTHON'];

/** Programs that the person never started take orders from it. */
export function isLoaderVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix));
}
