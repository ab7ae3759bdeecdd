import { useSignal } from '@preact/signals';
import { type AppModel, type Call, saveUrl } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';

/** Makes somebody else in the call the owner of its room. */
export function HandOver({ call, model, onDone }: { call: Call; model: AppModel; onDone(): void }) {
  const { rooms: words } = strings.value;
  const chosen = useSignal('');
  const { busy, problem, act } = useAct();
  const own = call.client.account.accountId;
  const others = call.participants.value.filter(
    ({ kind, role, accountId }) =>
      kind === 'user' && (role === 'member' || role === 'admin') && accountId !== own,
  );
  const heir = others.find(({ participantId }) => participantId === chosen.value);
  const handOver = () =>
    act(async () => {
      if (heir && confirm(words.confirmHandOver(heir.displayName))) {
        await call.room.handOver(heir.participantId);
        model.notices.say(words.handedOver(heir.displayName));
        onDone();
      }
    });
  return (
    <section class="ownership">
      <h3>{words.handOver}</h3>
      {others.length === 0 ? (
        <p class="hint">{words.nobodyToOwn}</p>
      ) : (
        <>
          <p class="hint">{words.handOverHint}</p>
          <div class="hand-over">
            <select
              data-testid="new-owner"
              aria-label={words.newOwner}
              value={chosen.value}
              onChange={(event) => (chosen.value = event.currentTarget.value)}
            >
              <option value="">{words.newOwner}…</option>
              {others.map(({ participantId, displayName }) => (
                <option key={participantId} value={participantId}>
                  {displayName}
                </option>
              ))}
            </select>
            <button
              type="button"
              data-testid="hand-over"
              disabled={!heir || busy.value}
              onClick={() => void handOver()}
            >
              {words.handOver}
            </button>
          </div>
          <Problem error={problem.value} />
        </>
      )}
    </section>
  );
}

/** Downloads the room's settings, chat and files. */
export function ExportRoom({ model, roomId }: { model: AppModel; roomId: string }) {
  const { ownData } = strings.value;
  const { busy, problem, act } = useAct();
  const save = () =>
    act(async () => saveUrl(await (await model.connected()).rooms.export(roomId), `${roomId}.zip`));
  return (
    <section class="ownership">
      <p class="hint">{ownData.roomHint}</p>
      <button type="button" data-testid="export-room" disabled={busy.value} onClick={() => void save()}>
        {ownData.room}
      </button>
      <Problem error={problem.value} />
    </section>
  );
}

/** Deletes the room, once the user has confirmed it. */
export function DeleteRoom({ remove }: { remove(): Promise<void> }) {
  const { rooms: words } = strings.value;
  const asked = useSignal(false);
  const { busy, problem, act } = useAct();
  return (
    <section class="ownership">
      <h3>{words.deleteRoom}</h3>
      <p class="hint">{words.deleteHint}</p>
      {asked.value ? (
        <div class="row" role="alert">
          <p>{words.confirmDelete}</p>
          <button
            type="button"
            class="primary danger"
            data-testid="delete-now"
            disabled={busy.value}
            onClick={() => void act(remove)}
          >
            {words.deleteNow}
          </button>
          <button type="button" onClick={() => (asked.value = false)}>
            {words.keep}
          </button>
        </div>
      ) : (
        <button
          type="button"
          class="danger-outline"
          data-testid="delete-room"
          onClick={() => (asked.value = true)}
        >
          {words.deleteRoom}…
        </button>
      )}
      <Problem error={problem.value} />
    </section>
  );
}
