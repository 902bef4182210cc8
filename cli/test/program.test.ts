import { fileworks } from './support/command';

const stack = ['--stack', 'S', '--endpoint-url', 'http://127.0.0.1:1'];

beforeEach(() => {
  delete process.env.FILEWORKS_STACK;
});

describe('an invalid command line exits with 2 and names the remedy', () => {
  test.each<[string, string[], RegExp]>([
    [
      'no stack',
      ['status'],
      /--stack must name the stack of the pipeline, got none; add --stack <name>, or set FILEWORKS_STACK/,
    ],
    [
      'an invalid endpoint URL',
      ['status', '--stack', 'S', '--endpoint-url', 'localhost'],
      /--endpoint-url must be a URL that begins with http:\/\/ or https:\/\/, got: localhost; /,
    ],
    ['an unknown command', [...stack, 'repair'], /unknown command 'repair'/],
    ['an unknown option', [...stack, 'status', '--loud'], /unknown option '--loud'/],
    [
      'too high a rate',
      [...stack, 'rerun', '--rate', '5000'],
      /'--rate <items>' argument '5000' is invalid. It must be a whole number from 1 to 3000/,
    ],
    [
      'text instead of a number',
      [...stack, 'scale', '--max', 'many'],
      /'--max <tasks>' argument 'many' is invalid. It must be a whole number from 0 to 5000/,
    ],
    [
      'a time without a unit',
      [...stack, 'dlq', 'purge', '--failed-before', '7'],
      /'--failed-before <time>' argument '7' is invalid. It must be a number with a unit, s, m, h or d/,
    ],
    [
      'a status that cannot be listed',
      [...stack, 'files', 'list', '--status', 'done'],
      /argument 'done' is invalid. Allowed choices are queued, starting/,
    ],
    [
      'a skip of files without the reason to keep',
      [...stack, 'files', 'skip', '--type', 'A'],
      /required option '--because <text>' not specified/,
    ],
    [
      'a pause without a reason',
      [...stack, 'sequence', 'pause', 'A'],
      /required option '--reason <text>' not specified/,
    ],
    [
      'a rerun without a selection',
      [...stack, 'rerun', 'W'],
      /rerun requires a selection, got none; add --key, .* or --all/,
    ],
    [
      'a run for a time that is none',
      [...stack, 'rerun', 'W', '--for', 'yesterday'],
      /argument 'yesterday' is invalid. It must be a time in ISO 8601, such as 2026-11-19T01:30:00Z/,
    ],
    ['a scale without limits', [...stack, 'scale', 'W'], /scale requires --min or --max, got neither/],
  ])('%s', async (_, args, message) => {
    const { code, err, out } = await fileworks(args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });
});

test('help is no error, and documents the exit codes', async () => {
  const { code, out } = await fileworks(['--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/status.*watch.*scale.*suspend.*resume.*files.*rerun.*dlq.*sequence/s);
  expect(out).toContain('Exit codes: 0 success, 1 failed AWS call');
});

test('an unreachable endpoint exits with 1, with a JSON error under --json', async () => {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
  });
  const { code, err } = await fileworks([...stack, '--json', 'status']);
  expect(code).toBe(1);
  expect(JSON.parse(err)).toEqual({
    exitCode: 1,
    error: expect.stringMatching(/ECONNREFUSED.*check --region, --endpoint-url and AWS_ENDPOINT_URL/),
  });
});
