import { probe } from '../support/probe';

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
  expect(await probe(PROBE)).toEqual([false, true, false, false]);
});
