import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Certificate, type Path, parseCertificate } from '../../../../contract/x509/index.ts';
import { Company } from '../../../../test/support/company.ts';
import { TestDeployment } from '../../../../test/support/encrypted-devices.ts';
import { Revocations } from './revocations.ts';

/** The base64 of each block. */
const blocks = (pem: string) =>
  pem
    .split(/-----[^-]+-----/)
    .map((block) => block.replace(/\s/g, ''))
    .filter((block) => block !== '');
/** The same list with another signature. */
const forged = (list: string, difference: number) => {
  const der = Buffer.from(list, 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ difference;
  return der.toString('base64');
};

describe('what a device knows of revocations', () => {
  let company: Company;
  let deployment: TestDeployment;
  let path: Path;
  let lists: string[];
  const certified = () => ({ deviceId: 'device', accountId: 'account', path });

  before(async () => {
    deployment = await TestDeployment.create();
    company = await Company.create();
    const { pki } = company;
    const eve = await pki.leaf({ email: 'eve@example.com', subject: 'Eve', issuer: pki.issuing });
    path = [eve, pki.issuing, pki.root].map(({ der }) => parseCertificate(der)) as unknown as Path;
    const pems = [await pki.crl(pki.root, []), await pki.crl(pki.issuing, [eve])];
    lists = pems.flatMap(blocks);
    assert.equal(lists.length, 2);
  });
  after(async () => {
    await company.close();
    await deployment.close();
  });

  it('threat 24: a list that its authority signed is not displaced by any number of others', async () => {
    const revocations = new Revocations(deployment.deploymentCa);
    const nowMs = Date.now();
    await revocations.take({ lists }, nowMs);
    assert.equal(await revocations.standingOf(certified(), nowMs), 'revoked');
    const others = lists.flatMap((list) =>
      Array.from({ length: 100 }, (_, index) => forged(list, index + 1)),
    );
    await revocations.take({ lists: others }, nowMs);
    assert.equal(await revocations.standingOf(certified(), nowMs), 'revoked');
    const known = revocations.request.known?.length ?? 0;
    assert.ok(known <= 66, `${known} lists are kept`);
    assert.equal(await revocations.standingOf({ ...certified(), deviceId: 'other' }, nowMs), 'revoked');
  });

  it('threat 24: a company’s authority is not taken for the deployment’s because of its serial number', async () => {
    const { serialHex } = path.at(-1) as Certificate;
    const revocations = new Revocations({ ...deployment.deploymentCa, serialHex });
    await revocations.take({ lists }, Date.now());
    assert.equal(await revocations.standingOf(certified(), Date.now()), 'revoked');
  });
});
