package com.example;

import io.github.fileworks.cdk.BatchFileLoader;
import io.github.fileworks.cdk.DatabaseDeliveryPipeline;
import io.github.fileworks.cdk.DatabaseLogin;
import io.github.fileworks.cdk.DeliverySource;
import io.github.fileworks.cdk.ExpectFilesOptions;
import io.github.fileworks.cdk.FileIngestBucket;
import io.github.fileworks.cdk.IamLoginOptions;
import io.github.fileworks.cdk.JsonMappingOptions;
import io.github.fileworks.cdk.LoadColumn;
import io.github.fileworks.cdk.LoadConflict;
import io.github.fileworks.cdk.LoadMapping;
import io.github.fileworks.cdk.LoadRouteOptions;
import io.github.fileworks.cdk.LoadUpdateOptions;
import io.github.fileworks.cdk.PipelineAlarms;
import io.github.fileworks.cdk.RowSchema;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.ec2.GatewayVpcEndpointAwsService;
import software.amazon.awscdk.services.ec2.GatewayVpcEndpointOptions;
import software.amazon.awscdk.services.ec2.InstanceClass;
import software.amazon.awscdk.services.ec2.InstanceSize;
import software.amazon.awscdk.services.ec2.InstanceType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.rds.Credentials;
import software.amazon.awscdk.services.rds.DatabaseInstance;
import software.amazon.awscdk.services.rds.DatabaseInstanceEngine;
import software.amazon.awscdk.services.rds.DatabaseSecret;
import software.amazon.awscdk.services.rds.PostgresEngineVersion;
import software.amazon.awscdk.services.rds.PostgresInstanceEngineProps;
import software.amazon.awscdk.services.rds.StorageType;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.sns.Topic;
import software.constructs.Construct;

public final class JsonLoaderStack extends Stack {
    public JsonLoaderStack(final Construct scope, final String id, final StackProps props) {
        super(scope, id, props);

        // You provide the network. Functions and builds reach AWS and package registries through one NAT gateway, and accept no connections.
        Vpc vpc = Vpc.Builder.create(this, "Vpc")
                .maxAzs(2)
                .natGateways(1)
                .gatewayEndpoints(Map.of("S3", GatewayVpcEndpointOptions.builder().service(GatewayVpcEndpointAwsService.S3).build()))
                .build();

        // You provide the database, too. Migrations use the secret of its owner; the loader logs in with IAM.
        DatabaseSecret owner = DatabaseSecret.Builder.create(this, "Owner").username("owner").build();
        DatabaseInstance database = DatabaseInstance.Builder.create(this, "Database")
                .vpc(vpc)
                .engine(DatabaseInstanceEngine.postgres(PostgresInstanceEngineProps.builder().version(PostgresEngineVersion.VER_17).build()))
                .instanceType(InstanceType.of(InstanceClass.T4G, InstanceSize.MEDIUM))
                .credentials(Credentials.fromSecret(owner))
                .databaseName("sales")
                .iamAuthentication(true)
                .storageType(StorageType.GP3)
                .storageEncrypted(true)
                .multiAz(true)
                .deletionProtection(true)
                .build();

        Topic alerts = Topic.Builder.create(this, "Alerts").enforceSsl(true).build();
        PipelineAlarms.of(this).notify(new SnsAction(alerts));
        FileIngestBucket inbox = new FileIngestBucket(this, "Inbox");
        BatchFileLoader loader = BatchFileLoader.Builder.create(this, "Loader")
                .vpc(vpc)
                .database(DatabaseLogin.iam(IamLoginOptions.builder()
                        .host(database.getInstanceEndpoint().getHostname())
                        .databaseName("sales")
                        .user("loader")
                        .resourceId(database.getInstanceResourceId())
                        .build()))
                .routes(Map.of("Orders", LoadRouteOptions.builder()
                        .source(inbox)
                        .prefix("orders/")
                        .suffix(".json")
                        .mapping(LoadMapping.json(JsonMappingOptions.builder()
                                .table("sales.orders")
                                .columns(List.of(
                                        LoadColumn.builder().name("id").build(),
                                        LoadColumn.builder().name("customer").source("/customer/id").build(),
                                        LoadColumn.builder().name("placed_at").build(),
                                        LoadColumn.builder().name("currency").build(),
                                        LoadColumn.builder().name("total").build(),
                                        LoadColumn.builder().name("updated_at").build(),
                                        LoadColumn.builder().name("document").source("").build()))
                                .conflict(LoadConflict.update(List.of("id"), LoadUpdateOptions.builder().ifGreater("updated_at").build()))
                                .schema(RowSchema.fromFile("../../worker/json-loader/order.schema.json"))
                                .build()))
                        .build()))
                .build();
        database.getConnections().allowDefaultPortFrom(loader);

        // Orders arrive around the clock: an alarm if none did for ten minutes. Choose the longest regular gap of yours.
        inbox.expectFiles(ExpectFilesOptions.builder().every(Duration.minutes(10)).build());

        // A push to main starts migrations inside the network, on a copy of the schema first, and then a deployment of this stack. You provide the repository, too.
        DatabaseDeliveryPipeline delivery = DatabaseDeliveryPipeline.Builder.create(this, "Delivery")
                .vpc(vpc)
                .source(DeliverySource.gitHub("acme", "sales"))
                .workingDirectory("worker/json-loader")
                .database(DatabaseLogin.secret(owner))
                .runtimeVersions(Map.of("nodejs", "22", "python", "3.12"))
                .installCommands(List.of("npm install --no-audit --no-fund"))
                .migrateCommands(List.of("npm run migrate"))
                .rollbackCommands(List.of("npm run rollback \"$FILEWORKS_APPLIED_MIGRATIONS\""))
                .smokeCommands(List.of("npm run smoke"))
                .historyTable("pgmigrations")
                .transformCommands(List.of("cd dbt", "pip install --quiet -r requirements.txt", "dbt build"))
                .transformSchedule(ScheduleExpression.rate(Duration.hours(1)))
                .deployCommands(List.of("bash ../../*/json-loader/deploy.sh"))
                .githubRepository("acme/sales")
                .build();
        database.getConnections().allowDefaultPortFrom(delivery);
        delivery.writeGitHubWorkflow("../../.github/workflows/database.yml");

        CfnOutput.Builder.create(this, "InboxBucket").value(inbox.getBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "QueueUrl").value(loader.getQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "DeadLetterQueueUrl").value(loader.getDeadLetterQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "LoaderFunction").value(loader.getHandlerFunction().getFunctionName()).build();
        CfnOutput.Builder.create(this, "AlertsTopic").value(alerts.getTopicArn()).build();
        CfnOutput.Builder.create(this, "DeliveryRole").value(delivery.getGithubRole().getRoleArn()).build();
        CfnOutput.Builder.create(this, "MigrationProject").value(delivery.getMigrationProject().getProjectName()).build();
        CfnOutput.Builder.create(this, "TransformationProject").value(delivery.getTransformationProject().getProjectName()).build();
        CfnOutput.Builder.create(this, "DeploymentProject").value(delivery.getDeploymentProject().getProjectName()).build();
    }
}
