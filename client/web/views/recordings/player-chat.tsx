import { useEffect, useRef } from 'preact/hooks';
import type { RecordedMessage } from '../../../sdk/index.ts';
import type { Playback } from '../../model/on-demand/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { duration } from '../parts/times.ts';

/** What was written in the chat meanwhile. It scrolls along; a click on a message plays from there. */
export function PlayerChat({
  playback,
  messages,
}: {
  playback: Playback;
  messages: readonly RecordedMessage[];
}) {
  const { chat } = strings.value;
  const { recordings: words } = lateStrings();
  const list = useRef<HTMLOListElement>(null);
  const at = messages.findLastIndex(({ atMs }) => atMs <= playback.timeMs.value);
  useEffect(() => {
    list.current?.children[Math.max(0, at)]?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  if (messages.length === 0) {
    return null;
  }
  return (
    <section class="player-chat" aria-label={words.chat} data-testid="player-chat">
      <h3>{words.chat}</h3>
      <ol ref={list}>
        {messages.map(({ seq, atMs, displayName, text, files }, index) => (
          <li key={seq}>
            <button
              type="button"
              class="quiet"
              data-testid="player-message"
              data-later={index > at}
              aria-current={index === at}
              onClick={() => playback.seek(atMs)}
            >
              <span class="player-message-head">
                <span dir="auto">{displayName ?? chat.deletedAccount}</span>
                <span>{duration(atMs)}</span>
              </span>
              <span class="player-message-text" dir="auto">
                {[text, ...files].filter((line) => line !== '').join('\n')}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
