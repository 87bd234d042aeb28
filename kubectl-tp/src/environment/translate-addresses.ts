// Puts other addresses into the values of an environment, where a value is an address, has it as the host of a URL or in
// front of a port, or is a list of such. Any other text that looks like one (a version, a range, a mask) stays. Pure.

import { isIPv6 } from 'node:net';

const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]`;
/** `tcp://10.96.0.9:80/a`, `postgres://me:secret@[fd00::9]/db`. */
const URL_HOST = new RegExp(String.raw`([a-z][a-z0-9+.-]*:\/\/(?:[^\s/?#]*@)?)(${ADDRESS})(?=[:/?#,;\s]|$)`, 'gi');
/** `10.96.0.9`, `10.96.0.9:80`, `[fd00::9]:80/a`, `host=10.96.0.9`; not `10.96.0.0/16`. */
const ITEM = new RegExp(String.raw`^([\w.-]+=)?(${ADDRESS})(:\d{1,5}(?:[/?#].*)?)?$`, 'i');
const SEPARATORS = /([,;\s]+)/;

export function translateAddresses(
  variables: Readonly<Record<string, string>>,
  shownOf: (address: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, translateValue(value, shownOf)]));
}

function translateValue(value: string, shownOf: (address: string) => string): string {
  const host = (text: string) => (text.startsWith('[') ? `[${shownOf(text.slice(1, -1))}]` : shownOf(text));
  return value
    .replaceAll(URL_HOST, (_, before: string, address: string) => before + host(address))
    .split(SEPARATORS)
    .map((item) =>
      isIPv6(item)
        ? shownOf(item)
        : item.replace(ITEM, (_, before = '', address: string, after = '') => before + host(address) + after),
    )
    .join('');
}
