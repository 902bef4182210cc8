package com.example;

import io.github.fileworks.cdk.BatchProcessor;
import io.github.fileworks.cdk.BatchTaskProps;
import io.github.fileworks.cdk.ChunkedBatchWorkflow;
import io.github.fileworks.cdk.ExpectFilesOptions;
import io.github.fileworks.cdk.FileIngestBucket;
import io.github.fileworks.cdk.PipelineAlarms;
import io.github.fileworks.cdk.PipelineDashboard;
import io.github.fileworks.cdk.PipelineStage;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.TimeZone;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.ec2.SubnetType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.ecs.Cluster;
import software.amazon.awscdk.services.ecs.ContainerImage;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.scheduler.CronOptionsWithTimezone;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.sns.Topic;
import software.constructs.Construct;

public final class CsvBatchStack extends Stack {
    public CsvBatchStack(final Construct scope, final String id, final StackProps props) {
        super(scope, id, props);

        // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        Vpc vpc = Vpc.Builder.create(this, "Vpc").maxAzs(2).natGateways(0).build();
        Cluster cluster = Cluster.Builder.create(this, "Cluster").vpc(vpc).enableFargateCapacityProviders(true).build();
        SubnetSelection subnets = SubnetSelection.builder().subnetType(SubnetType.PUBLIC).build();

        FileIngestBucket inbox = new FileIngestBucket(this, "Inbox");
        Bucket clean = Bucket.Builder.create(this, "Clean")
                .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
                .enforceSsl(true)
                .versioned(true)
                .build();

        // every night, and when <prefix>incoming/_READY arrives: clean rows as JSON Lines, and a file of rejected rows
        ContainerImage image = ContainerImage.fromAsset("../../worker/csv-batch");
        ChunkedBatchWorkflow orders = ChunkedBatchWorkflow.Builder.create(this, "Orders")
                .bucket(inbox.getBucket())
                .prefixes(List.of("orders/", "returns/"))
                .processor(BatchProcessor.fargateTask(BatchTaskProps.builder()
                        .cluster(cluster)
                        .image(image)
                        .environment(Map.of("CLEAN_BUCKET", clean.getBucketName()))
                        .vpcSubnets(subnets)
                        .assignPublicIp(true)
                        .build()))
                .maxFilesPerBatch(50)
                .toleratedFailurePercentage(5)
                .schedule(ScheduleExpression.cron(CronOptionsWithTimezone.builder().hour("2").minute("0").timeZone(TimeZone.ETC_UTC).build()))
                .markerSource(inbox)
                .build();
        // A marker arrives every night; two hours later than that, something is wrong with its source
        inbox.expectFiles(ExpectFilesOptions.builder().every(Duration.hours(26)).build());
        orders.grantStoreResults(clean, "clean/");
        orders.grantStoreResults(clean, "rejects/");

        // the same image with another program: clean rows go into a table of your PostgreSQL database
        Secret databaseUrl = Secret.Builder.create(this, "DatabaseUrl").description("postgres://user:password@host/database").build();
        ChunkedBatchWorkflow history = ChunkedBatchWorkflow.Builder.create(this, "History")
                .bucket(inbox.getBucket())
                .prefixes(List.of("history/"))
                .processor(BatchProcessor.fargateTask(BatchTaskProps.builder()
                        .cluster(cluster)
                        .image(image)
                        .command(List.of("node", "to-database.ts"))
                        .environment(Map.of("CLEAN_BUCKET", clean.getBucketName()))
                        .secrets(Map.of("DATABASE_URL", software.amazon.awscdk.services.ecs.Secret.fromSecretsManager(databaseUrl)))
                        .vpcSubnets(subnets)
                        .assignPublicIp(true)
                        .build()))
                .maxFilesPerBatch(50)
                // limited by the connections of the database, two for each batch
                .maxConcurrency(5)
                .build();
        history.grantStoreResults(clean, "rejects/");

        // Every alarm of the pipeline notifies this topic; subscribe to it, for example with your e-mail address.
        Topic alarms = Topic.Builder.create(this, "Alarms").enforceSsl(true).build();
        PipelineAlarms.of(this).notify(new SnsAction(alarms));
        PipelineDashboard.Builder.create(this, "Dashboard")
                .stages(List.of(PipelineStage.batch(orders), PipelineStage.batch(history)))
                .build();

        CfnOutput.Builder.create(this, "InboxBucket").value(inbox.getBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "CleanBucket").value(clean.getBucketName()).build();
        CfnOutput.Builder.create(this, "DatabaseUrlSecret").value(databaseUrl.getSecretArn()).build();
        CfnOutput.Builder.create(this, "OrdersMachine").value(orders.getStateMachine().getStateMachineArn()).build();
        CfnOutput.Builder.create(this, "HistoryMachine").value(history.getStateMachine().getStateMachineArn()).build();
        CfnOutput.Builder.create(this, "OrdersResults").value(orders.getResultBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "AlarmsTopic").value(alarms.getTopicArn()).build();
    }
}
