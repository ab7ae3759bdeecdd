import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { type S3Request, signedHeaders } from './s3-client.ts';
import { type S3Location, urlOf } from './s3-location.ts';

const LOCATION: S3Location = {
  ...{ origin: 'https://s3.amazonaws.com', bucket: 'examplebucket', prefix: '', region: 'us-east-1' },
  ...{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  ...{ isInHost: true, ca: undefined },
};

describe('the signature of a request to an S3 storage', () => {
  const signature = async (request: S3Request) => {
    const url = urlOf(LOCATION, request.key);
    url.search = new URLSearchParams(request.query).toString();
    const { authorization } = await signedHeaders(LOCATION, url, request, '20130524T000000Z');
    return /Signature=(\w+)$/.exec(String(authorization))?.[1];
  };

  // Examples of the Amazon S3 API Reference, “Signature Calculations for the Authorization Header”.
  it('is that of Amazon’s examples', async () => {
    const text = 'Welcome to Amazon S3.';
    const body = {
      size: text.length,
      sha256: createHash('sha256').update(text).digest('hex'),
      read: () => Readable.from([text]),
    };
    assert.equal(
      await signature({
        ...{ method: 'PUT', key: 'test$file.text', body },
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      }),
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
    assert.equal(
      await signature({ method: 'GET', query: { lifecycle: '' } }),
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
    assert.equal(
      await signature({ method: 'GET', query: { 'max-keys': '2', prefix: 'J' } }),
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
  });

  it('names the bucket in the host or in the path, and escapes what a URL would take for something else', () => {
    const key = "a b/ü+%?#&='()*!~/..x";
    const path = '/a%20b/%C3%BC%2B%25%3F%23%26%3D%27%28%29%2A%21~/..x';
    assert.equal(urlOf(LOCATION, key).href, `https://examplebucket.s3.amazonaws.com${path}`);
    const inPath = { ...LOCATION, origin: 'http://[::1]:9000', isInHost: false };
    assert.equal(urlOf(inPath, key).href, `http://[::1]:9000/examplebucket${path}`);
    assert.equal(urlOf(inPath, undefined).href, 'http://[::1]:9000/examplebucket');
  });
});
