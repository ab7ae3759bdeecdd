import type { UnreadableCounts } from '../../../sdk/index.ts';
import { lateStrings } from '../../strings/index.ts';

/** What is encrypted in the chat, and what this device cannot read of it. */
export function EncryptedChatHint({ counts: { locked, refused } }: { counts: UnreadableCounts }) {
  const { encryption } = lateStrings();
  return (
    <>
      <p class="hint" data-testid="chat-encrypted">
        {encryption.chat} {locked > 0 && <span data-testid="chat-locked">{encryption.locked(locked)}</span>}
      </p>
      {refused > 0 && (
        <p class="problem" role="alert" data-testid="chat-refused">
          {encryption.refused(refused)}
        </p>
      )}
    </>
  );
}

/** Says that polls are not encrypted, though the call is. */
export function ReadablePollsHint() {
  return (
    <p class="hint" data-testid="polls-readable">
      {lateStrings().encryption.polls}
    </p>
  );
}
