import { type ExportEntry, jsonEntry } from '../../kernel/index.ts';
import type { CallHistory } from './call-history.ts';
import type { CallPreferences } from './call-preferences.ts';
import type { RecentCall } from './contract.ts';

const PAGE = 100;

/** The recent calls of an account, latest first, who may call it, and whom it has barred. */
export async function* callExport(
  { history, preferences }: { history: CallHistory; preferences: CallPreferences },
  accountId: string,
): AsyncIterable<ExportEntry> {
  const calls: RecentCall[] = [];
  let page: RecentCall[];
  do {
    page = await history.list(accountId, { limit: PAGE, before: calls.at(-1), missedOnly: false });
    calls.push(...page);
  } while (page.length === PAGE);
  const [settings, barred] = await Promise.all([preferences.of(accountId), preferences.blocked(accountId)]);
  yield jsonEntry('calls.json', { calls, settings, barred });
}
