import type { SrtpKeying } from '../../contract/index.ts';
import type { HeardTone } from './heard-tone.ts';
import { PHONE_PASSWORD, type PhoneServer, type SipProtocol } from './phone-server.ts';
import { PjsuaPhone, pjsuaIceAddress } from './pjsua-phone.ts';

export type SoftphoneProgram = 'baresip' | 'PJSIP';

export interface SoftphoneOptions {
  username: string;
  protocol: SipProtocol;
  /** In the notation of both programs, e.g. `PCMU/8000/1`. Best first. */
  codecs: string[];
  /** SRTP with keys in the SDP, or by DTLS (baresip only), if both sides want it. Default: none. */
  keying?: SrtpKeying | undefined;
  /** Uses ICE. Default false. */
  ice?: boolean;
  toneHz: number;
}

/** What the softphones of the tests have in common. */
export interface Softphone {
  /** Calls a number and waits until the call is established. */
  call(number: string): Promise<void>;
  /** Accepts a call and waits until it is established. */
  called(): Promise<void>;
  /** Changes the codecs of its call with a re-INVITE, where the program can. */
  useCodecs?(...codecs: string[]): Promise<void>;
  /** Waits until it has heard this tone, at this level if given, and little else for a full second. */
  hears(frequencyHz: number, levelDb?: number): Promise<HeardTone>;
  hangUp(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a softphone with an account at the server and waits until it is registered. */
export function startSoftphone(
  program: SoftphoneProgram,
  server: PhoneServer,
  options: SoftphoneOptions,
): Promise<Softphone> {
  return program === 'baresip' ? startBaresip(server, options) : startPjsua(server, options);
}

async function startBaresip(
  server: PhoneServer,
  { username, protocol, codecs, keying, ice = false, toneHz }: SoftphoneOptions,
): Promise<Softphone> {
  const encryption = keying && { sdes: ';mediaenc=srtp', dtls: ';mediaenc=dtls_srtp' }[keying];
  const account = `${encryption ?? ''}${ice ? ';medianat=ice' : ''}`;
  const phone = await server.phone(username, { codecs: codecs.join(','), protocol, account, toneHz });
  return {
    call: async (number) => {
      phone.command('dial', server.uri(number, protocol));
      await phone.waitFor('CALL_ESTABLISHED');
    },
    called: async () => {
      await phone.waitFor('CALL_INCOMING');
      phone.command('accept');
      await phone.waitFor('CALL_ESTABLISHED');
    },
    hears: (frequencyHz, levelDb) => phone.hears(frequencyHz, levelDb),
    hangUp: async () => {
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
    },
    stop: () => phone.stop(),
  };
}

async function startPjsua(
  server: PhoneServer,
  { username, protocol, codecs, keying, ice = false, toneHz }: SoftphoneOptions,
): Promise<Softphone> {
  const phone = await PjsuaPhone.start({
    username,
    password: PHONE_PASSWORD,
    server: `${server.host}:${protocol === 'tls' ? server.tlsPort : server.sipPort}`,
    transport: protocol,
    ...(keying && { srtp: 'optional' }),
    ice,
    address: (ice && pjsuaIceAddress) || server.host,
    toneHz,
    pauses: codecs.some((codec) => codec.startsWith('speex')),
    codecs,
  });
  return {
    call: (number) => phone.call(number),
    // It answers by itself.
    called: async () => {
      await phone.isIn('CONFIRMED');
    },
    useCodecs: (...names) => phone.useCodecs(...names),
    hears: (frequencyHz, levelDb) => phone.hears(frequencyHz, levelDb),
    hangUp: async () => {
      phone.hangUp();
      await phone.isIn('DISCONNECTED');
    },
    stop: () => phone.stop(),
  };
}
