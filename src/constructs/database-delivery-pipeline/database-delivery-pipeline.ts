import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import { CodeBuildProject } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule } from 'aws-cdk-lib/aws-scheduler';
import { CodeBuildStartBuild } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { acknowledge } from '../private/acknowledge';
import { createAlarm } from '../private/alarm';
import { createMissedAlarm, missedAfter } from '../private/missed-runs';
import { pathOf } from '../private/paths';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import type { DatabaseDeliveryPipelineProps } from './database-delivery-pipeline-props';
import { DeliveryDefaults } from './defaults';
import type { DeliverySource } from './delivery-source';
import { allowNetworkInterfaces, createBuildRole } from './private/build-role';
import { buildSpec } from './private/build-spec';
import { checkDelivery } from './private/checks';
import { createGitHubRole } from './private/github';
import { migrationScript, runStep, stepFile } from './private/scripts';
import { renderWorkflow } from './private/workflow';

/**
 * Migrates the schema of a database in a private network, with CodeBuild builds that run inside it: the database is not
 * public, and its password is not stored elsewhere.
 *
 * A migration first runs on a copy of the schema, is rolled back there, and is applied only if the rollback restores
 * the schema. If it fails on the database itself, or if the smoke test fails, it is rolled back. One migration runs at
 * a time. Transformations run on a schedule, and the infrastructure can be deployed from inside the network too.
 *
 * Limitations:
 * - The copy is a separate database on the same server. Server-wide objects, such as roles, are not copied, and
 *   validation changes them directly.
 * - The copy has no rows: a constraint that existing rows violate is detected when the migration runs, and is rolled
 *   back then.
 * - `rollbackCommands` perform every rollback. Rows that a migration deleted are not restored.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/vpc-support.html
 *
 * @example
 * declare const database: rds.DatabaseInstance;
 * const delivery = new fileworks.DatabaseDeliveryPipeline(this, 'Delivery', {
 *   vpc,
 *   source: fileworks.DeliverySource.gitHub('acme', 'shop'),
 *   database: fileworks.DatabaseLogin.secret(database.secret!),
 *   installCommands: ['npm ci'],
 *   migrateCommands: ['npx node-pg-migrate up'],
 *   rollbackCommands: ['npx node-pg-migrate down "$FILEWORKS_APPLIED_MIGRATIONS"'],
 *   historyTable: 'pgmigrations',
 *   githubRepository: 'acme/shop',
 * });
 * database.connections.allowDefaultPortFrom(delivery);
 */
@propertyInjectable
export class DatabaseDeliveryPipeline extends Construct implements ec2.IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.DatabaseDeliveryPipeline';

  /** Validates and applies migrations. */
  readonly migrationProject: codebuild.Project;

  /** Transforms the loaded data; undefined without `transformCommands`. */
  readonly transformationProject?: codebuild.Project;

  /** Deploys the infrastructure; undefined without `deployCommands`. */
  readonly deploymentProject?: codebuild.Project;

  /** The role of workflows of the repository; undefined without `githubRepository`. */
  readonly githubRole?: iam.Role;

  /** The queue for builds that could not be started; undefined without a schedule and events. */
  readonly deadLetterQueue?: IQueue;

  /** In ALARM while the dead-letter queue holds messages. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  /**
   * In ALARM when no transformation has run for `alarmMissedFor`; undefined without `transformSchedule`, or if that is
   * zero or has no default.
   */
  readonly missedAlarm?: cloudwatch.Alarm;

  /** In ALARM when a build fails; one for each project. */
  readonly failureAlarms: cloudwatch.Alarm[] = [];

  /** The network connections of the builds, with which a database can allow them. */
  readonly connections: ec2.Connections;

  readonly #props: DatabaseDeliveryPipelineProps;
  readonly #source: ReturnType<DeliverySource['_bind']>;

  constructor(scope: Construct, id: string, props: DatabaseDeliveryPipelineProps) {
    super(scope, id);
    checkDelivery(this, props);
    this.#props = props;
    this.#source = props.source._bind(this);
    const { vpc, securityGroups, transformCommands, deployCommands, transformSchedule, migrateOn } = props;
    this.connections = new ec2.Connections({
      securityGroups: securityGroups ?? [
        new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, description: `Builds of ${pathOf(this)}` }),
      ],
    });
    const validates = props.validateOnCopy ?? props.historyTable !== undefined;
    this.migrationProject = this.#createProject('Migration', migrationScript(props, validates));
    this.transformationProject =
      transformCommands &&
      this.#createProject('Transformation', [stepFile('transform', transformCommands), runStep('transform')]);
    this.deploymentProject = deployCommands && this.#createDeployment(deployCommands);
    this.githubRole = createGitHubRole(this, props);
    if (this.githubRole !== undefined) {
      this.grantStart(this.githubRole);
    }

    if (transformSchedule !== undefined || migrateOn !== undefined) {
      const undelivered = createUndeliveredEvents(this, {
        description: `Builds of ${pathOf(this)} could not be started`,
        runbook: 'delivery-not-started',
        removalPolicy: props.removalPolicy,
      });
      this.deadLetterQueue = undelivered.deadLetterQueue;
      this.deadLetterAlarm = undelivered.deadLetterAlarm;
      this.#createTriggers(undelivered.deadLetterQueue);
      this.missedAlarm = this.#createMissedAlarm();
    }
  }

  /**
   * Allows `grantee` to start builds of all projects and to read their status, but nothing else.
   *
   * @param grantee the starter of builds
   */
  grantStart(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['codebuild:StartBuild', 'codebuild:BatchGetBuilds'],
      resourceArns: this.#projects().map(({ projectArn }) => projectArn),
    });
  }

  /**
   * A workflow for GitHub Actions that migrates, and then deploys if there are `deployCommands`, when a branch of
   * `githubBranches` changes.
   */
  renderGitHubWorkflow(): string {
    const { githubRepository, githubBranches = DeliveryDefaults.githubBranches, source, deployCommands } = this.#props;
    if (githubRepository === undefined) {
      throw new ValidationError(
        'githubRepository is needed for a workflow; set the repository whose workflows may start builds',
        this,
      );
    }
    return renderWorkflow({
      branches: githubBranches,
      atCommit: source._hasCommits,
      deploys: deployCommands !== undefined,
    });
  }

  /**
   * Writes the workflow to a file, such as `.github/workflows/database.yml`, when the app is synthesized, unless the
   * file is up to date.
   *
   * @param path path of the file, relative to the working directory of the app
   */
  writeGitHubWorkflow(path: string): void {
    const workflow = this.renderGitHubWorkflow();
    // `cdk watch` would restart with each write
    if (existsSync(path) && readFileSync(path, 'utf8') === workflow) {
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, workflow);
  }

  #projects(): codebuild.Project[] {
    return [this.migrationProject, this.transformationProject, this.deploymentProject].filter(
      (project) => project !== undefined,
    );
  }

  #createProject(
    name: string,
    commands: string[],
    grantInPlaceOfDatabase?: (role: iam.Role) => void,
  ): codebuild.Project {
    const { vpc, vpcSubnets, timeout = DeliveryDefaults.timeout, database } = this.#props;
    const logGroup = new LogGroup(this, `${name}Log`, { retention: RetentionDays.ONE_MONTH });
    const role = createBuildRole(this, `${name}Role`, logGroup, vpc, vpcSubnets);
    this.#source.grantRead(role);
    if (grantInPlaceOfDatabase === undefined) {
      database.grantLogin(role, this);
    } else {
      grantInPlaceOfDatabase(role);
    }
    const project = new codebuild.Project(this, name, {
      description: `${name} of ${pathOf(this)}`,
      role: role.withoutPolicyUpdates(),
      source: this.#source.source,
      vpc,
      subnetSelection: vpcSubnets,
      securityGroups: this.connections.securityGroups,
      environment: {
        buildImage: codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
        computeType: codebuild.ComputeType.SMALL,
      },
      buildSpec: codebuild.BuildSpec.fromObject(buildSpec(this.#props, commands, grantInPlaceOfDatabase === undefined)),
      logging: { cloudWatch: { logGroup } },
      timeout,
      // Concurrent migrations would corrupt the history
      concurrentBuildLimit: 1,
    });
    allowNetworkInterfaces(project, role);
    acknowledge(project, 'AwsSolutions-CB4', 'A build has no artifacts and no cache to encrypt');
    this.failureAlarms.push(
      createAlarm(this, `${name}FailureAlarm`, {
        description: `A build of ${pathOf(this)}, ${name}, failed`,
        runbook: 'delivery-failure',
        metric: project.metricFailedBuilds({ period: Duration.minutes(5) }),
        threshold: 1,
      }),
    );
    return project;
  }

  #createDeployment(commands: string[]): codebuild.Project {
    const { deployQualifier = DeliveryDefaults.deployQualifier } = this.#props;
    const { account, region, partition } = Stack.of(this);
    const roles = ['deploy', 'file-publishing', 'image-publishing', 'lookup'].map(
      (name) => `arn:${partition}:iam::${account}:role/cdk-${deployQualifier}-${name}-role-${account}-${region}`,
    );
    return this.#createProject('Deployment', [stepFile('deploy', commands), runStep('deploy')], (grantee) => {
      iam.Grant.addToPrincipal({ grantee, actions: ['sts:AssumeRole'], resourceArns: roles });
    });
  }

  #createMissedAlarm(): cloudwatch.Alarm | undefined {
    const { transformSchedule, alarmMissedFor } = this.#props;
    const time = transformSchedule && (alarmMissedFor ?? missedAfter(transformSchedule));
    const metric = this.transformationProject?.metricBuilds({
      period: Duration.hours(1),
      statistic: cloudwatch.Stats.SUM,
    });
    return (
      time &&
      metric &&
      createMissedAlarm(this, {
        description: `No transformation of ${pathOf(this)} has run for ${time.toHumanString()}`,
        runbook: 'delivery-missed',
        metric,
        time,
      })
    );
  }

  #createTriggers(deadLetterQueue: IQueue): void {
    const { transformSchedule, migrateOn } = this.#props;
    if (transformSchedule !== undefined && this.transformationProject !== undefined) {
      new Schedule(this, 'TransformationSchedule', {
        schedule: transformSchedule,
        description: `Transformations of ${pathOf(this)}`,
        target: new CodeBuildStartBuild(this.transformationProject, {
          deadLetterQueue,
          maxEventAge: DeliveryDefaults.maxEventAge,
          retryAttempts: DeliveryDefaults.retryAttempts,
        }),
      });
    }
    if (migrateOn !== undefined) {
      new events.Rule(this, 'MigrationRule', {
        description: `Migrations of ${pathOf(this)}`,
        eventPattern: migrateOn,
        targets: [new CodeBuildProject(this.migrationProject, { deadLetterQueue })],
      });
    }
  }
}
