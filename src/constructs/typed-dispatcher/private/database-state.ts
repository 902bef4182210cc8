import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { DispatchStateEnv } from '../../../contract/dispatch-env';
import { RdsAuthorities } from '../../private/handler-function';
import { pathOf } from '../../private/paths';
import { checkSoleOwner } from '../../private/sole-owner';
import type { PostgresStateOptions } from '../state-store';
import { type BoundState, retentionSeconds } from './bound-state';

/** Rows in a PostgreSQL database, whose user limits the permissions of every login. */
export class DatabaseState implements BoundState {
  readonly connections: ec2.Connections;
  readonly environment: Record<string, string>;
  readonly functions: BoundState['functions'];
  readonly #scope: Construct;
  readonly #options: PostgresStateOptions;

  constructor(scope: Construct, options: PostgresStateOptions) {
    const { login, vpc, vpcSubnets, retention } = options;
    this.#scope = scope;
    this.#options = options;
    const { secretArn, host, port, database } = login._database;
    checkSoleOwner(scope, {
      kind: 'the dispatcher',
      prop: 'login',
      key: JSON.stringify([secretArn, host, port, database]),
      stack: Stack.of(scope),
      reason: 'and a database holds the files and pauses of one dispatcher; use a database for each',
    });
    const securityGroups = options.securityGroups ?? [
      new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc, description: `Functions of ${pathOf(scope)}` }),
    ];
    this.connections = new ec2.Connections({ securityGroups });
    this.functions = { vpc, vpcSubnets, securityGroups, environment: RdsAuthorities };
    this.environment = {
      [DispatchStateEnv.database]: Stack.of(scope).toJsonString(login._database),
      [DispatchStateEnv.retentionSeconds]: retentionSeconds(scope, retention),
    };
  }

  grantDispatch(grantee: IGrantable): void {
    this.#options.login.grantLogin(grantee, this.#scope);
  }

  grantSearch(): void {
    // The login allows queries
  }

  grantTurn(grantee: IGrantable): void {
    this.#options.login.grantLogin(grantee, this.#scope);
  }

  connect(securityGroups: readonly ec2.ISecurityGroup[]): void {
    const { securityGroups: connected } = this.connections;
    this.connections.addSecurityGroup(...securityGroups.filter((group) => !connected.includes(group)));
  }
}
