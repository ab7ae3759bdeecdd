import type { Notices } from '../model/index.ts';

export function NoticeList({ notices }: { notices: Notices }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.list.value.map(({ id, text, isError }) => (
        <p key={id} class={isError ? 'notice error' : 'notice'} data-testid="notice">
          {text}
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => notices.dismiss(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
