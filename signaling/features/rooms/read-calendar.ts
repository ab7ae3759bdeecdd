/** The components of an iCalendar stream (RFC 5545) in their order, each with its properties by name, without parameters. For tests. */
export function readCalendar(ics: string): Array<Record<string, string>> {
  const components: Array<Record<string, string>> = [];
  const open: Array<Record<string, string>> = [];
  for (const line of ics.replace(/\r\n[ \t]/g, '').split('\r\n')) {
    const [, name = '', value = ''] = /^([A-Z-]+)(?:;[^:]*)?:(.*)$/s.exec(line) ?? [];
    if (name === 'BEGIN') {
      const component = { BEGIN: value };
      components.push(component);
      open.push(component);
    } else if (name === 'END') {
      open.pop();
    } else if (name !== '') {
      Object.assign(open.at(-1) ?? {}, { [name]: unescaped(value) });
    }
  }
  return components;
}

function unescaped(text: string): string {
  return text.replace(/\\([\\;,nN])/g, (_match, sign: string) => (/n/i.test(sign) ? '\n' : sign));
}
