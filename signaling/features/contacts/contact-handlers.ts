import { z } from 'zod';
import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  demand,
  type Handlers,
  holderOf,
  isConfinedToRooms,
  type Kernel,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
} from '../../kernel/index.ts';
import type { ContactPlace, ContactStore } from './contact-store.ts';
import type { CONTACT_REQUESTS } from './contract.ts';

/** Reads that an account may make at once, and per second after that. */
const READS = { burst: 240, perSecond: 4 };
/** The same for searches: each reads everything. */
const SEARCHES = { burst: 20, perSecond: 2 };
/** The same for writes: 10,000 contacts are 200 requests. */
const WRITES = { burst: 220, perSecond: 2 };
/** The same for names of accounts. */
const LOOK_UPS = { burst: 30, perSecond: 0.2 };

const place = z.tuple([z.int(), z.string(), z.string()]);

/** Handlers for contacts. */
export function contactHandlers(
  kernel: Kernel,
  store: ContactStore,
  onChanged: (accountId: string) => void,
): Handlers<keyof typeof CONTACT_REQUESTS> {
  const reads = new AccountRate('questions about contacts', READS);
  const searches = new AccountRate('searches of contacts', SEARCHES);
  const writes = new AccountRate('changes of contacts', WRITES);
  const lookUps = new AccountRate('look-ups of accounts', LOOK_UPS);
  const changed = (accountId: string, contactIds: string[]) => {
    kernel.sockets.sendTo(accountId, 'contact.changed', { contactIds });
    onChanged(accountId);
  };

  return {
    'contact.list': async (session, { after, ...page }) => {
      const { accountId } = allowed(session, page.search === undefined ? reads : searches);
      const from = after === undefined ? undefined : placeOf(after);
      const { contacts, next } = await store.list(accountId, { ...page, after: from });
      return { contacts, ...(next && { next: Buffer.from(JSON.stringify(next)).toString('base64url') }) };
    },

    'contact.find': async (session, asked) => ({
      contacts: await store.find(allowed(session, reads).accountId, asked),
    }),

    'contact.put': async (session, data) => {
      const { accountId } = allowed(session, writes);
      const contacts = await store.put(accountId, data.contacts);
      changed(
        accountId,
        contacts.map(({ contactId }) => contactId),
      );
      return { contacts };
    },

    'contact.delete': async (session, { contactId }) => {
      const { accountId } = allowed(session, writes);
      const contact = await store.delete(accountId, contactId);
      if (!contact) {
        return {};
      }
      changed(accountId, [contactId]);
      return { contact };
    },

    'contact.lookUp': async (session, { accountId }) => {
      allowed(session, lookUps);
      const account = await kernel.accounts.find(accountId);
      // Guests and bridges are nobody's contacts.
      const holder = account && holderOf(account);
      if (!account || holder?.kind !== 'device' || isConfinedToRooms(holder.role)) {
        throw new CanopyError('IDENTITY_UNKNOWN');
      }
      return { displayName: account.display_name };
    },
  };
}

function allowed(session: Session, rate: AccountRate): PeerPrincipal {
  const principal = requirePrincipal(session);
  demand(principal, 'contact.keep');
  rate.take(principal);
  return principal;
}

/** @throws {CanopyError} BAD_REQUEST */
function placeOf(after: string): ContactPlace {
  try {
    return place.parse(JSON.parse(Buffer.from(after, 'base64url').toString()));
  } catch (cause) {
    throw new CanopyError('BAD_REQUEST', 'after: not the end of a page', { cause });
  }
}
