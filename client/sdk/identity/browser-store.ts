import type { IdentityStore, PendingEnrolment, StoredIdentity } from './store.ts';

const DATABASE = 'canopy';
const TABLE = 'identities';

/** Key of an unanswered enrolment, in the same table as the identities; no origin contains a space. */
const pendingKey = (origin: string): string => `pending ${origin}`;

function promised<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withTable<T>(
  mode: IDBTransactionMode,
  use: (table: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: 'origin' });
  const database = await promised(opening);
  try {
    const transaction = database.transaction(TABLE, mode);
    const committed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const [result] = await Promise.all([promised(use(transaction.objectStore(TABLE))), committed]);
    return result;
  } finally {
    database.close();
  }
}

/** Keeps identities in the browser's IndexedDB. No script can read the private keys. */
export function browserStore(): IdentityStore {
  return {
    needsExtractableKeys: false,
    load: (origin) =>
      withTable('readonly', (table) => table.get(origin) as IDBRequest<StoredIdentity | undefined>),
    save: async (identity) => {
      await withTable('readwrite', (table) => table.put(identity));
    },
    remove: async (origin) => {
      await withTable('readwrite', (table) => table.delete(origin));
    },
    savePending: async (origin, pending) => {
      const key = pendingKey(origin);
      await withTable(
        'readwrite',
        (table) =>
          (pending ? table.put({ origin: key, ...pending }) : table.delete(key)) as IDBRequest<unknown>,
      );
    },
    loadPending: (origin) =>
      withTable(
        'readonly',
        (table) => table.get(pendingKey(origin)) as IDBRequest<PendingEnrolment | undefined>,
      ),
  };
}
