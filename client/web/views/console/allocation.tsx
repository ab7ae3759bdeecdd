import type { OperatorAnswer } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Fact, LoadProblem } from './answer-list.tsx';
import { bitrate } from './figures.ts';
import { LIVE_MS, useWatched } from './use-watched.ts';

type Allocation = OperatorAnswer<'GET /api/rooms/:roomId/allocation'>;
type People = OperatorAnswer<'GET /api/rooms'>['rooms'][number]['participants'];

/** What everyone in a room receives, and why not more: the allocator's decisions. */
export function AllocationDialog({
  model,
  roomId,
  participants,
  onClose,
}: {
  model: AppModel;
  roomId: string;
  participants: People;
  onClose(): void;
}) {
  const words = lateStrings().console;
  const watched = useWatched(model, 'GET /api/rooms/:roomId/allocation', LIVE_MS, { params: { roomId } });
  const allocation = watched.value.value;
  const names = new Map(participants.map(({ peerId, displayName }) => [peerId, displayName]));
  const nameOf = (peerId: string) => names.get(peerId) ?? words.unnamed;
  return (
    <Dialog title={words.whoReceivesIn(roomId)} focusHeading={allocation !== undefined} onClose={onClose}>
      <div class="console-allocation" data-testid="allocation" aria-busy={!allocation}>
        <LoadProblem watched={watched} />
        {allocation && allocation.receivers.length === 0 && <p class="hint">{words.noVideo}</p>}
        {allocation?.receivers.map((receiver) => (
          <Receiver key={receiver.peerId} receiver={receiver} allocation={allocation} nameOf={nameOf} />
        ))}
      </div>
      <CloseButton label={strings.value.common.close} />
    </Dialog>
  );
}

function Receiver({
  receiver,
  allocation: { pictures },
  nameOf,
}: {
  receiver: Allocation['receivers'][number];
  allocation: Allocation;
  nameOf(peerId: string): string;
}) {
  const words = lateStrings().console;
  const senders = new Map(pictures.map((each) => [each.producerId, each]));
  const name = nameOf(receiver.peerId);
  return (
    <section aria-label={name} data-testid="receiver">
      <h3 dir="auto">{name}</h3>
      <dl class="console-facts">
        <Fact name={words.budget}>{bitrate(receiver.budgetBps)}</Fact>
        <Fact name={words.estimate}>
          {receiver.estimateBps === null ? words.unlimited : bitrate(receiver.estimateBps)}
        </Fact>
        <Fact name={words.videoNow}>{bitrate(receiver.videoBps)}</Fact>
        <Fact name={words.audioNow}>{bitrate(receiver.audioBps)}</Fact>
      </dl>
      {receiver.tiles.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
        <section class="console-table" aria-label={words.whoReceivesIn(name)} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.from}</th>
                <th scope="col">{words.tile}</th>
                <th scope="col">{words.layer}</th>
                <th scope="col">{words.rate}</th>
                <th scope="col">{words.reason}</th>
              </tr>
            </thead>
            <tbody>
              {receiver.tiles.map((tile) => {
                const sender = senders.get(tile.producerId);
                return (
                  <tr key={tile.producerId}>
                    <th scope="row" dir="auto">
                      {sender ? `${nameOf(sender.peerId)} (${words.sources[sender.source]})` : words.unnamed}
                    </th>
                    <td>
                      {Math.round(tile.widthPx)} × {Math.round(tile.heightPx)}
                    </td>
                    <td>
                      {tile.layers
                        ? `${tile.layers.spatialLayer}/${tile.layers.temporalLayer}`
                        : words.onHold}
                    </td>
                    <td>{bitrate(tile.bitrateBps)}</td>
                    <td>{words.reasons[tile.reason]}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
