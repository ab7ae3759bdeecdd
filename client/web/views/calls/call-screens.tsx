import type { AppModel } from '../../model/index.ts';
import { IncomingCall } from './incoming-call.tsx';
import { OutgoingCall } from './outgoing-call.tsx';

/** What direct calls show over every screen. */
export function CallScreens({ model }: { model: AppModel }) {
  const incoming = model.calls.incoming.value;
  const outgoing = model.calls.outgoing.value;
  return (
    <>
      {outgoing && <OutgoingCall model={model} outgoing={outgoing} />}
      {incoming && <IncomingCall key={incoming.callId} model={model} call={incoming} />}
    </>
  );
}
