import type { Kernel } from '../../../kernel/index.ts';
import { COMPOSITION_REQUESTS } from '../composition-contract.ts';
import type { Compositions } from '../compositions.ts';
import { LIBRARY_REQUESTS } from '../contract.ts';
import type { RecordingRecords } from '../recording-records.ts';
import type { RecordingStorage } from '../recording-storage.ts';
import { compositionHandlers } from './composition-handlers.ts';
import { registerCompositionRoutes } from './composition-routes.ts';
import { Library } from './library.ts';
import { libraryHandlers } from './library-handlers.ts';
import { RecordedChat } from './recorded-chat.ts';
import { RecordingAccess } from './recording-access.ts';
import { RecordingRetention } from './recording-retention.ts';
import { registerRecordingRoutes } from './recording-routes.ts';
import { registerSharing } from './sharing/index.ts';

/** What becomes of recordings, also where nothing can be recorded any more: people see, download and delete them. */
export function registerLibrary(
  kernel: Kernel,
  {
    records,
    compositions,
    storage,
  }: { records: RecordingRecords; compositions: Compositions; storage: RecordingStorage },
): void {
  const library = new Library({ config: kernel.config, records, compositions, storage });
  const access = new RecordingAccess(kernel, records);
  const chat = new RecordedChat(kernel, library);
  kernel.requests(LIBRARY_REQUESTS, libraryHandlers(kernel, library, { access, chat, compositions }), {
    audited: ['recording.open', 'recording.delete'],
  });
  kernel.requests(COMPOSITION_REQUESTS, compositionHandlers(access, compositions), {
    audited: ['recording.compose', 'recording.deleteComposition'],
  });
  registerCompositionRoutes(kernel, library, { access, compositions });
  registerRecordingRoutes(kernel, library, { access, chat });
  registerSharing(kernel, library, { access, compositions });
  const retention = new RecordingRetention(kernel, records, library);
  kernel.starting.add(async () => retention.begin());
  kernel.closing.add(() => retention.close());
}
