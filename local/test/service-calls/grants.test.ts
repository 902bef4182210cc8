import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { ensureToolchain, EMULATOR_DIR } from '../../src/emulator/toolchain';
import { TOOLS } from '../support/cloud';

jest.setTimeout(120_000);

/** A key whose policy lets nobody use it, a grant with a constraint, and what the gate says of calls with that key. */
const PROBE = `
import json
from ministack.core.responses import request_scope
from ministack.services import iam, kms
from authorization import gate
gate.mode = gate.ENFORCE
with request_scope("000000000000", "us-east-1"):
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}
    iam._roles["reader"] = {"RoleName": "reader", "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", **trust})}
    role = "arn:aws:iam::000000000000:role/reader"
    admin = {"Effect": "Allow", "Action": "kms:PutKeyPolicy", "Principal": {"AWS": "000000000000"}, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [admin]})
    key = json.loads(kms._create_key({"Policy": policy})[2])["KeyMetadata"]["Arn"]
    def allowed(action, **context):
        keys = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
        try:
            gate.role_call(role, "lambda.amazonaws.com", action, key, keys, source_arn="arn:aws:lambda:us-east-1:000000000000:function:f")
            return True
        except gate.Denied:
            return False
    before = allowed("kms:Decrypt", team="a")
    kms._create_grant({"KeyId": key, "GranteePrincipal": role, "Operations": ["Decrypt"],
                       "Constraints": {"EncryptionContextSubset": {"team": "a"}}})
    print(json.dumps([before, allowed("kms:Decrypt", team="a"), allowed("kms:Decrypt", team="b"), allowed("kms:Encrypt", team="a")]))
`;

test('a grant of a key allows its operations to its principal, within its constraints', async () => {
  const python = await ensureToolchain({ toolsDir: TOOLS, python: 'python3', line: () => undefined });
  const output = execFileSync(python, ['-B', '-c', PROBE], {
    cwd: resolve(EMULATOR_DIR),
    env: { PATH: process.env.PATH, PYTHONPATH: EMULATOR_DIR, MINISTACK_ACCOUNT_ID: '000000000000' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(JSON.parse(output.trim().split('\n').at(-1)!)).toEqual([false, true, false, false]);
});
