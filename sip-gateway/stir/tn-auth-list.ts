import { type Bytes, DerError, DerReader, listExtensions, TAG } from '../../contract/x509/index.ts';

/** id-pe-TNAuthList (RFC 8226 §9). */
const TN_AUTH_LIST = '1.3.6.1.5.5.7.1.26';
/** Explicit tags of its choices. */
const [SPC, RANGE, ONE] = [0xa0, 0xa1, 0xa2];

/** What a certificate may sign for (RFC 8226 §9). */
export interface TnAuthList {
  /** Service providers, whose numbers are not listed. */
  readonly providers: readonly string[];
  /** Numbers, as intervals of equally long digits. */
  readonly ranges: ReadonlyArray<{ readonly start: string; readonly count: bigint }>;
}

/** The TNAuthList of a certificate, DER; undefined if it has none. @throws {DerError} it is malformed */
export function readTnAuthList(certificate: Bytes): TnAuthList | undefined {
  const tbs = new DerReader(DerReader.single(certificate, TAG.sequence).content).enter(TAG.sequence);
  let extensions: Bytes | undefined;
  while (!tbs.done) {
    const element = tbs.read();
    if (element.tag === 0xa3) {
      extensions = DerReader.single(element.content, TAG.sequence).content;
    }
  }
  const found = (extensions ? listExtensions(extensions) : []).find(({ oid }) => oid === TN_AUTH_LIST);
  return found && decode(found.value);
}

/** Whether a number may be signed for. Of a service provider, nobody can tell which numbers it has. */
export function covers({ providers, ranges }: TnAuthList, number: string): boolean {
  return (
    providers.length > 0 ||
    ranges.some(({ start, count }) => {
      const offset =
        /^\d+$/.test(number) && start.length === number.length ? BigInt(number) - BigInt(start) : -1n;
      return offset >= 0n && offset < count;
    })
  );
}

function decode(value: Bytes): TnAuthList {
  const providers: string[] = [];
  const ranges: Array<{ start: string; count: bigint }> = [];
  for (const list = new DerReader(DerReader.single(value, TAG.sequence).content); !list.done; ) {
    const { tag, content } = list.read();
    if (tag === SPC) {
      providers.push(text(DerReader.single(content, TAG.ia5String).content));
    } else if (tag === ONE) {
      ranges.push({ start: digits(DerReader.single(content, TAG.ia5String).content), count: 1n });
    } else if (tag === RANGE) {
      const range = new DerReader(DerReader.single(content, TAG.sequence).content);
      const start = digits(range.read(TAG.ia5String).content);
      const count = range.read(TAG.integer).content;
      range.end();
      if (count.length === 0 || count.length > 8 || (count[0] ?? 0) >= 0x80) {
        throw new DerError('bad number of telephone numbers');
      }
      ranges.push({ start, count: BigInt(`0x${Buffer.from(count).toString('hex')}`) });
    } else {
      throw new DerError('an unknown entry of a TNAuthList');
    }
  }
  return { providers, ranges };
}

function text(bytes: Bytes): string {
  return Buffer.from(bytes).toString('latin1').slice(0, 64);
}

function digits(bytes: Bytes): string {
  const found = text(bytes);
  if (!/^\d{1,20}$/.test(found)) {
    throw new DerError('a telephone number with other characters than digits');
  }
  return found;
}
