import {
  AccountRate,
  demand,
  type Handlers,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
} from '../../../kernel/index.ts';
import type { AddressBooks } from './address-books.ts';
import type { ADDRESS_BOOK_REQUESTS } from './contract.ts';

/** Questions of an account, at once and per second after that. */
const READS = { burst: 30, perSecond: 1 };
/** The same for what makes this server connect to another one: a password is not guessed through it. */
const CONNECTIONS = { burst: 6, perSecond: 1 / 60 };

/** Handlers for an account's address book. */
export function addressBookHandlers(books: AddressBooks): Handlers<keyof typeof ADDRESS_BOOK_REQUESTS> {
  const reads = new AccountRate('questions about address books', READS);
  const connections = new AccountRate('connections to address books', CONNECTIONS);

  return {
    'addressBook.get': async (session) => books.state(allowed(session, reads).accountId),

    'addressBook.connect': async (session, book) => {
      const { accountId } = allowed(session, connections);
      await books.connect(accountId, book);
      return books.state(accountId);
    },

    'addressBook.synchronise': async (session) => {
      const { accountId } = allowed(session, connections);
      const state = await books.state(accountId);
      if (state.book) {
        books.soon(accountId, 0);
      }
      return state;
    },

    'addressBook.disconnect': async (session) => {
      const { accountId } = allowed(session, reads);
      await books.disconnect(accountId);
      return {};
    },
  };

  /** @throws {CanopyError} AUTH_REQUIRED; FORBIDDEN - guests and bridges have no contacts; RATE_LIMITED */
  function allowed(session: Session, rate: AccountRate): PeerPrincipal {
    const principal = requirePrincipal(session);
    demand(principal, 'contact.keep');
    rate.take(principal);
    return principal;
  }
}
