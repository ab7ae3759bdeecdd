import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { CanopyError } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { type ImportReport, importContacts } from '../../model/on-demand/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';

/** How many faults are listed. */
const MAX_SHOWN = 100;

/** Imports a file, and says what became of each card. */
export function ImportDialog({ model, file, onClose }: { model: AppModel; file: File; onClose(): void }) {
  const { contacts: words, common } = strings.value;
  const report = useSignal<ImportReport | undefined>(undefined);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const progress = useSignal(words.reading);
  useEffect(() => {
    model
      .connected()
      .then((client) =>
        importContacts(client, file, (done, of) => {
          progress.value = words.importing(done, of);
        }),
      )
      .then(
        (done) => {
          report.value = done;
        },
        (error: unknown) => {
          problem.value = CanopyError.from(error);
        },
      );
  }, [file]);
  return (
    <Dialog title={words.imported} onClose={onClose}>
      <div class="import-report" data-testid="import-report" aria-live="polite">
        <Problem error={problem.value} />
        {report.value ? <Report report={report.value} /> : !problem.value && <p>{progress.value}</p>}
      </div>
      <CloseButton label={common.close} />
    </Dialog>
  );
}

function Report({ report: { added, changed, faults, unusable } }: { report: ImportReport }) {
  const words = strings.value.contacts;
  if (unusable) {
    return <p class="problem">{unusable === 'empty' ? words.importEmpty : words.importTooLarge}</p>;
  }
  const unread = faults.flatMap((each) =>
    'fault' in each ? words.faultAt(each.line, words.faults[each.fault]) : [],
  );
  const partly = faults.flatMap((each) =>
    'leftOut' in each ? words.leftOut(each.name, each.leftOut.join(', ')) : [],
  );
  return (
    <>
      <p data-testid="import-counts">{words.importedCounts(added, changed)}</p>
      <Faults heading={words.notRead} faults={unread} />
      <Faults heading={words.leftOutHint} faults={partly} />
    </>
  );
}

function Faults({ heading, faults }: { heading: string; faults: readonly string[] }) {
  if (faults.length === 0) {
    return null;
  }
  const more = faults.length - MAX_SHOWN;
  return (
    <>
      <p>{heading}</p>
      <ul>
        {faults.slice(0, MAX_SHOWN).map((fault) => (
          <li key={fault} dir="auto">
            {fault}
          </li>
        ))}
        {more > 0 && <li>{strings.value.contacts.moreFaults(more)}</li>}
      </ul>
    </>
  );
}
