import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Contact, Participant } from '../../../sdk/index.ts';
import { acquaintanceOf } from './known-people.ts';

const ADA = '1'.repeat(64);
const OTHER = '2'.repeat(64);

function contact(name: string, ...accountIds: string[]): Contact {
  return {
    contactId: `contact-${name}-${accountIds.length}`,
    name,
    favourite: false,
    accounts: accountIds.map((accountId) => ({ accountId, sinceMs: 1, verifiedAtMs: 2 })),
    phones: [],
    emails: [],
    note: '',
    rev: 1,
    changedAtMs: 1,
  };
}

function person(displayName: string, accountId: string, certifiedName?: string): Participant {
  return {
    participantId: crypto.randomUUID(),
    peerId: crypto.randomUUID(),
    accountId,
    displayName,
    ...(certifiedName && { certifiedName }),
    kind: 'user',
    role: 'member',
    connected: true,
  };
}

describe('threat 64: whom the user knows', () => {
  const ada = contact('Ada', ADA);

  it('a person with a contact’s account is that contact, whatever their name', () => {
    for (const name of ['Ada', 'Countess']) {
      assert.deepEqual(acquaintanceOf(person(name, ADA), [ada]), { contact: ada, verifiedAtMs: 2 });
    }
  });

  it('a person with a contact’s name, as shown or as certified, and another account is not', () => {
    for (const impostor of [person('ADA', OTHER), person('Аda', OTHER), person('Eve', OTHER, 'Ada')]) {
      assert.deepEqual(acquaintanceOf(impostor, [ada]), { impersonated: ada });
    }
  });

  it('two contacts of one name, or a contact without an account, warn of nobody', () => {
    const second = contact('Ada', OTHER);
    assert.deepEqual(acquaintanceOf(person('Ada', OTHER), [ada, second]).impersonated, undefined);
    assert.deepEqual(acquaintanceOf(person('Ada', OTHER), [contact('Ada')]), {});
    assert.deepEqual(acquaintanceOf(person('Bob', OTHER), [ada]), {});
  });

  it('a contact who takes another contact’s name is both', () => {
    const bob = contact('Bob', OTHER);
    const found = acquaintanceOf(person('Ada', OTHER, 'Bob'), [ada, bob]);
    assert.deepEqual([found.contact, found.impersonated], [bob, ada]);
  });
});
