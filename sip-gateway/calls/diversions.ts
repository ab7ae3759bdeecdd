import type { TrunkIdentity } from '../../contract/index.ts';
import type { HeaderField } from '../sip/index.ts';

/** Who forwarded a call. */
export interface Diversion {
  /** Its URI. */
  readonly uri: string;
  /** Its Diversion value, if it was sent one. */
  readonly value?: string;
}

/** Header fields that tell the next callee who forwarded the call. `diversions`: the latest first. `target`: the URI that is called now. */
export function diversionFields(
  diversions: readonly Diversion[],
  target: string,
  form: TrunkIdentity['forwarded'],
): HeaderField[] {
  const fields: HeaderField[] = [];
  if (form === 'Diversion' || form === 'both') {
    for (const { uri, value } of diversions) {
      fields.push(['diversion', value ?? `<${uri}>;reason=unknown;counter=1`]);
    }
  }
  if (form === 'History-Info' || form === 'both') {
    fields.push(['history-info', historyInfo([...diversions].reverse(), target)]);
  }
  return fields;
}

/** One entry per target, in the order in which they were called (RFC 7044 §5). */
function historyInfo(earlier: readonly Diversion[], target: string): string {
  const reason = `?Reason=${encodeURIComponent('SIP;cause=302')}`;
  const entries = earlier.map(({ uri }) => `<${uri.split('?', 1)[0]}${reason}>`);
  return [...entries, `<${target}>`]
    .map((entry, at) => {
      const index = Array.from({ length: at + 1 }, () => '1').join('.');
      const mapped = at === 0 ? '' : `;mp=${index.slice(0, -2)}`;
      return `${entry};index=${index}${mapped}`;
    })
    .join(', ');
}
