import { useEffect } from 'preact/hooks';
import type { MeetingRequest } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';
import { TitleField } from '../parts/title-field.tsx';

/** The window in which the user creates a meeting for another site. */
export function MeetingRequestView({ request }: { request: MeetingRequest }) {
  useEffect(() => request.start(), [request]);
  return (
    <main class="center">
      <section class="card" data-testid="meeting-request">
        <Stage request={request} />
        <Problem error={request.problem.value} />
      </section>
    </main>
  );
}

function Stage({ request }: { request: MeetingRequest }) {
  const { embedding } = strings.value;
  const site = request.site.value;
  switch (request.stage.value) {
    case 'waiting':
      return <p role="status">{embedding.waiting}</p>;
    case 'refused':
      return (
        <>
          <h1>{embedding.refused(site)}</h1>
          <p>{embedding.refusedAdvice}</p>
        </>
      );
    case 'asking':
      return <Ask request={request} />;
  }
}

function Ask({ request }: { request: MeetingRequest }) {
  const { embedding, common } = strings.value;
  const submit = (event: Event) => {
    event.preventDefault();
    void request.create();
  };
  return (
    <form onSubmit={submit}>
      <h1>{embedding.create}</h1>
      <p>{embedding.getsLink(request.site.value)}</p>
      <TitleField title={request.title} testId="meeting-title" placeholder={embedding.titleExample} />
      <div class="row">
        <button type="submit" class="primary" data-testid="create-meeting" disabled={request.busy.value}>
          {embedding.create}
        </button>
        <button type="button" onClick={() => request.cancel()}>
          {common.cancel}
        </button>
      </div>
    </form>
  );
}
