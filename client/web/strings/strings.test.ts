import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { en } from './en/index.ts';
import { ru } from './ru/index.ts';

test('counts people by the plural rules of each language', () => {
  assert.deepEqual(
    [1, 2, 25].map((count) => en.room.count(count)),
    ['Only you', '2 people', '25 people'],
  );
  assert.deepEqual(
    [1, 2, 5, 21, 22, 25, 111].map((count) => ru.room.count(count)),
    [
      'Только вы',
      '2 участника',
      '5 участников',
      '21 участник',
      '22 участника',
      '25 участников',
      '111 участников',
    ],
  );
});

test('lists two names, and counts the others', () => {
  const lists = [['Ann'], ['Ann', 'Bob'], ['Ann', 'Bob', 'Eve'], ['Ann', 'Bob', 'Eve', 'Kim', 'Lee']];
  assert.deepEqual(lists.map(en.listed), [
    'Ann',
    'Ann and Bob',
    'Ann, Bob and 1 other',
    'Ann, Bob and 3 others',
  ]);
  assert.deepEqual(lists.map(ru.listed), [
    'Ann',
    'Ann и Bob',
    'Ann, Bob и ещё 1 человек',
    'Ann, Bob и ещё 3 человека',
  ]);
});

test('views have no words of their own', () => {
  const folder = new URL('../views/', import.meta.url);
  const files = readdirSync(folder, { recursive: true }).map(String);
  const words = files
    .filter((file) => file.endsWith('.tsx'))
    .flatMap((file) => {
      const source = readFileSync(new URL(file, folder), 'utf8');
      // Text between tags, alone on a line, or in an attribute that people read.
      const found = [
        ...source.matchAll(/<(?!code)\w+[^<>{}]*>([A-Z][a-z]+[^<>{}]*)<\//g),
        ...source.matchAll(/^ +([A-Z][a-z]+ [\w ’',.:…]+)$/gm),
        ...source.matchAll(/ (?:title|label|aria-label|placeholder|alt)="([^"]*)"/g),
      ];
      return found.map(([, text]) => `${file}: ${text}`);
    });
  assert.deepEqual(words, []);
});
