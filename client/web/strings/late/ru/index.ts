import { adding } from './adding.ts';
import { addressBook } from './address-book.ts';
import { console } from './console.ts';
import { encryption } from './encryption.ts';
import { live } from './live.ts';
import { recordings } from './recordings.ts';
import { streams } from './streams.ts';

export const ru = { adding, addressBook, console, encryption, live, recordings, streams };
