import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { type AddressBookState, CanopyError } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { AddressBookModel } from '../../model/on-demand/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { ago } from '../parts/times.ts';

type Book = NonNullable<AddressBookState['book']>;

/** Connects the user's contacts with an address book on another server. */
export function AddressBookDialog({ model, onClose }: { model: AppModel; onClose(): void }) {
  const book = useMemo(() => new AddressBookModel(() => model.connected()), [model]);
  useEffect(() => book.start(), [book]);
  const { common } = strings.value;
  const { addressBook } = lateStrings();
  const state = book.state.value;
  return (
    <Dialog title={addressBook.title} onClose={onClose}>
      <div class="address-book" data-testid="address-book">
        <p class="hint">{addressBook.intro}</p>
        {state === undefined ? (
          !book.problem.value && <p role="status">{addressBook.loading}</p>
        ) : state.book ? (
          <Connected book={book} shown={state.book} />
        ) : (
          <ConnectForm book={book} />
        )}
        <Problem error={book.problem.value} />
      </div>
      <CloseButton label={common.close} testId="address-book-close" />
    </Dialog>
  );
}

function Connected({ book, shown }: { book: AddressBookModel; shown: Book }) {
  const { addressBook } = lateStrings();
  const isBusy = book.busy.value || shown.state === 'synchronising';
  return (
    <>
      <div>
        <p class="address-book-url">{shown.url}</p>
        <p class="hint" dir="auto">
          {shown.username}
        </p>
      </div>
      <p role="status" data-testid="address-book-state" data-state={shown.state}>
        {stateOf(shown)}
      </p>
      {shown.state === 'failed' && shown.error !== undefined && (
        <Problem error={new CanopyError(shown.error as CanopyError['code'])} />
      )}
      <div class="row">
        <button
          type="button"
          class="primary"
          data-testid="address-book-now"
          disabled={isBusy}
          onClick={() => void book.synchronise()}
        >
          {addressBook.now}
        </button>
        <button
          type="button"
          data-testid="address-book-disconnect"
          disabled={book.busy.value}
          onClick={() => void book.disconnect()}
        >
          {addressBook.disconnect}
        </button>
      </div>
      <p class="hint">{addressBook.disconnectHint}</p>
    </>
  );
}

function ConnectForm({ book }: { book: AddressBookModel }) {
  const { addressBook } = lateStrings();
  const url = useSignal('');
  const username = useSignal('');
  const password = useSignal('');
  const isReady = [url, username, password].every(({ value }) => value.trim() !== '');
  return (
    <form
      class="address-book"
      onSubmit={(event) => {
        event.preventDefault();
        void book.connect({
          url: withScheme(url.value.trim()),
          username: username.value.trim(),
          password: password.value,
        });
      }}
    >
      <label class="field">
        {addressBook.url}
        <input
          data-testid="address-book-url"
          inputMode="url"
          placeholder={addressBook.urlExample}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={1000}
          value={url.value}
          onInput={(event) => {
            url.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="field">
        {addressBook.userName}
        <input
          data-testid="address-book-user"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={200}
          value={username.value}
          onInput={(event) => {
            username.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="field">
        {addressBook.password}
        <input
          type="password"
          data-testid="address-book-password"
          autocomplete="off"
          maxLength={500}
          aria-describedby="address-book-hint"
          value={password.value}
          onInput={(event) => {
            password.value = event.currentTarget.value;
          }}
        />
      </label>
      <p class="hint" id="address-book-hint">
        {addressBook.passwordHint}
      </p>
      <button
        type="submit"
        class="primary"
        data-testid="address-book-connect"
        disabled={!isReady || book.busy.value}
      >
        {addressBook.connect}
      </button>
    </form>
  );
}

/** What people type without a scheme is on the web. */
function withScheme(typed: string): string {
  return /^https?:\/\//i.test(typed) ? typed : `https://${typed}`;
}

function stateOf({ state, synchronisedAtMs }: Book): string {
  const { addressBook } = lateStrings();
  switch (state) {
    case 'waiting':
      return addressBook.waiting;
    case 'synchronising':
      return addressBook.synchronising;
    case 'failed':
      return addressBook.failed;
    case 'synchronised':
      return addressBook.synchronised(ago(synchronisedAtMs ?? Date.now()));
  }
}
