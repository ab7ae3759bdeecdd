import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketAddress } from './s3-url.ts';

describe('the URL of a bucket', () => {
  it('names the storage, the bucket and perhaps a prefix', () => {
    assert.deepEqual(bucketAddress('https://s3.eu-central-1.amazonaws.com/meetings'), {
      ...{ origin: 'https://s3.eu-central-1.amazonaws.com', bucket: 'meetings', prefix: '' },
    });
    assert.deepEqual(bucketAddress('http://minio:9000/meetings/canopy/a%20b%25+%C3%BC/'), {
      ...{ origin: 'http://minio:9000', bucket: 'meetings', prefix: 'canopy/a b%+ü/' },
    });
  });

  it('is refused if it holds a password, a way out of the prefix, or no bucket', () => {
    for (const text of [
      ...[
        '',
        'meetings',
        's3://meetings/canopy',
        'https://s3.example',
        'https://s3.example/',
        'https://s3.example/a',
      ],
      ...['https://key:secret@s3.example/meetings', 'https://key@s3.example/meetings'],
      ...['https://s3.example/meetings/../others', 'https://s3.example/meetings/%2e%2e/others'],
      ...[
        'https://s3.example/meetings/.',
        'https://s3.example/meetings//a',
        'https://s3.example/meetings/a%2Fb',
      ],
      ...[
        'https://s3.example/meetings/%',
        'https://s3.example/meetings/a%00',
        'https://s3.example/meetings?a=b',
      ],
      ...['https://s3.example/meetings#a', 'https://s3.example\\meetings', 'https://s3.example/-meetings'],
      `https://s3.example/meetings/${'a'.repeat(900)}`,
    ]) {
      assert.equal(bucketAddress(text), undefined, text);
    }
  });
});
