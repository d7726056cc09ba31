import { describe, expect, test } from 'bun:test';
import { Redacted } from '@listenpost/core';
import { makeTestAdmin, testLine } from '../testing/test-admin.ts';
import { allowHosts } from './access.ts';
import { ROUTES } from './routes.ts';

const tokens = [
  { token: new Redacted('a-token'), role: 'admin' },
  { token: new Redacted('p-token'), role: 'publish' },
  { token: new Redacted('r-token'), role: 'read' },
] as const;

describe('foreign pages', () => {
  test.each([
    [{ host: 'evil.example' }, /^Host: "evil\.example"/],
    [{ host: 'evil.example:9011' }, /^Host: /],
    [{ host: '' }, /^Host: /],
    [{ origin: 'https://evil.example' }, /^Origin: /],
    [{ origin: 'null' }, /^Origin: /],
    [{ origin: 'http://127.0.0.1:3000' }, /^Origin: /],
    [{ origin: 'https://127.0.0.1:9011' }, /^Origin: /],
    [{ 'sec-fetch-site': 'cross-site' }, /^Sec-Fetch-Site: /],
    [{ 'sec-fetch-site': 'same-site' }, /^Sec-Fetch-Site: /],
  ])('are refused: %j', async (headers: Record<string, string>, reason) => {
    const { status, json } = await makeTestAdmin().call('GET', '/admin/v1/keys', undefined, headers);
    expect([status, json]).toEqual([403, { error: { reason: expect.stringMatching(reason) } }]);
  });

  test.each([
    { host: 'localhost' },
    { host: 'LOCALHOST:9011' },
    { host: '[::1]:9011' },
    { origin: 'http://127.0.0.1:9011' },
    { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:9011' },
    { 'sec-fetch-site': 'none' },
  ])('programs and the port’s own pages are let in: %j', async (headers: Record<string, string>) => {
    expect((await makeTestAdmin().call('GET', '/admin/v1/keys', undefined, headers)).status).toBe(200);
  });

  test('open no producer connection', async () => {
    const { api } = makeTestAdmin();
    const headers = { host: 'localhost:9011', origin: 'http://evil.example', upgrade: 'websocket' };
    const refused = api.producer(new Request('http://localhost:9011/admin/v1/ingest', { headers }));
    expect(refused).toBeInstanceOf(Response);
    expect((refused as Response).status).toBe(403);
    expect(api.producers).toBe(0);
  });

  test('call a loopback port by the names of loopback and by its own', () => {
    const named = ['127.0.0.9:9011', 'LOCALHOST', '[::1]:1', '127.0.0.9.evil', 'listenpost:9011', '192.0.2.1'];
    expect(named.map(allowHosts('127.0.0.9'))).toEqual([true, true, true, false, false, false]);
  });

  test.each(['0.0.0.0', '::', '192.0.2.1'])('%s is called by whatever name the network gives it', (adminHost) => {
    expect(['listenpost:9011', '192.0.2.1:9011', '[2001:db8::1]:9011'].map(allowHosts(adminHost))).not.toContain(false);
  });
});

describe('tokens', () => {
  const admin = makeTestAdmin({ deps: { tokens } });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });

  test.each([undefined, 'Bearer', 'Bearer wrong', 'Basic a-token', 'a-token', 'Bearer a-token x'])(
    'a caller with %j is unknown',
    async (authorization) => {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await admin.call('GET', '/admin/v1/keys', undefined, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toStartWith('Bearer');
      expect(answer.text).not.toContain('a-token');
    },
  );

  test('each role may do its own and admin may do all', async () => {
    const calls = [
      ['GET', '/admin/v1/keys', undefined],
      ['POST', '/admin/v1/events', testLine('alice', 1)],
      ['DELETE', '/admin/v1/accounts/nobody', undefined],
    ] as const;
    const statuses = [];
    for (const { token } of tokens) {
      for (const [method, path, body] of calls) {
        statuses.push((await admin.call(method, path, body, as(token.reveal()))).status);
      }
    }
    expect(statuses).toEqual([200, 200, 404, 403, 200, 403, 200, 403, 403]);
  });

  test('a refusal names each role that would do once', async () => {
    const refused = async (method: string, path: string) =>
      (await admin.call(method, path, undefined, as('r-token'))).text;
    expect(await refused('DELETE', '/admin/v1/accounts/nobody')).toContain('needs \\"admin\\"');
    expect(await refused('POST', '/admin/v1/events')).toContain('needs \\"publish\\" or \\"admin\\"');
    expect(await refused('DELETE', '/admin/v1/accounts/nobody')).not.toContain(' or ');
  });

  test('only probes and the console’s files need none', () => {
    const open = ROUTES.filter(({ role }) => role === null).map(({ path }) => path);
    expect(open).toEqual(['/healthz', '/readyz', '/', '/console', '/{file}']);
  });

  test('every call that changes something needs more than read', () => {
    const lax = ROUTES.filter(({ method, role }) => method !== 'GET' && role !== 'admin' && role !== 'publish');
    expect(lax).toEqual([]);
  });
});

describe('routes', () => {
  test('an unknown path is told the calls there are', async () => {
    const { status, json } = await makeTestAdmin().call('GET', '/admin/v1/nothing');
    expect(status).toBe(404);
    for (const { method, path } of ROUTES) expect(JSON.stringify(json)).toContain(`${method} ${path}`);
  });

  test('a wrong verb is told the right ones', async () => {
    const answer = await makeTestAdmin().call('DELETE', '/admin/v1/accounts');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test.each(['/admin/v1/accounts/%ff', '/admin/v1/keys/', '/admin/v1', '/admin/v1/keys/k1/x'])(
    'there is no %s',
    async (path) => {
      expect((await makeTestAdmin().call('DELETE', path)).status).toBe(404);
    },
  );

  test('what nobody expected is reported and shows nothing', async () => {
    const admin = makeTestAdmin();
    const fault = new Error('a secret detail');
    admin.house.journal.append = () => Promise.reject(fault);
    const { status, text } = await admin.call('POST', '/admin/v1/events', testLine('alice', 1));
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
    expect(admin.reports).toEqual([fault]);
  });
});
