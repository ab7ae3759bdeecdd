import { displayable, personNumber, type TelephonyConfig } from '../../contract/index.ts';
import { type CallerIdentity, type IncomingCall, numberOrUser } from '../sip/index.ts';
import { callerName, callerParty } from './caller.ts';
import { connectCaller } from './connect-caller.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';
import { startTalking } from './start-talking.ts';

/** Maximum length in characters of a caller's number. */
const MAX_NUMBER = 64;

/** Whether a dialled number is a person's. Strangers do not ring people: for them it does not exist. */
export function isPersonNumber(
  { numbers }: { numbers?: string[] | undefined },
  identity: CallerIdentity,
  dialled: string,
): boolean {
  return identity.kind !== 'anonymous' && (numbers?.includes(dialled) ?? false);
}

/**
 * Rings a person for a phone that dialled their number, and connects the two once the person has answered. The server decides whether the
 * person may be rung, and hangs up if nobody answers.
 *
 * @param session `sdp`: our answer, or our offer if the phone made none
 * @throws {CanopyError} the server refuses the call
 */
export async function callPerson(
  host: CallHost,
  call: PhoneCall,
  sip: IncomingCall,
  { dialled, sdp }: { dialled: string; sdp: string },
): Promise<void> {
  const { identity } = sip;
  const config = host.config();
  const number = callerNumber(sip, config);
  const roomId = await host.people.call(
    call,
    {
      dialled: personNumber.parse(dialled),
      caller: {
        ...(identity.kind === 'user' && { phone: identity.username }),
        ...(identity.kind === 'trunk' && { trunk: identity.trunkId }),
        ...(number !== undefined && { number }),
        displayName: callerName(sip, config),
      },
    },
    () => {
      sip.ring();
      call.stage('ringing');
    },
  );
  if (roomId === undefined || call.ended) {
    return;
  }
  await call.enterRoom(roomId, 'answered');
  if (call.ended) {
    return;
  }
  if (await connectCaller(call, sip, sdp)) {
    await startTalking(host, call);
  }
}

/** What the person may call back; undefined if the caller withholds it. */
function callerNumber(sip: IncomingCall, config: TelephonyConfig): string | undefined {
  const { identity } = sip;
  const party = callerParty(sip, config);
  if (!party) {
    return undefined;
  }
  const text = identity.kind === 'user' ? identity.username : numberOrUser(party.uri);
  return displayable(text).slice(0, MAX_NUMBER) || undefined;
}
