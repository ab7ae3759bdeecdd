/** What joining an encrypted room costs, by the number of people in it. */
export { benchEncryptedJoins, ENCRYPTED_JOINS } from './bench-encrypted-joins.ts';
