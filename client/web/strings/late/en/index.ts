import { addressBook } from './address-book.ts';
import { console } from './console.ts';
import { recordings } from './recordings.ts';
import { streams } from './streams.ts';

export const en = { addressBook, console, recordings, streams };
