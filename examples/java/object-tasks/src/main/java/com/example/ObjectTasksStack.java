package com.example;

import io.github.fileworks.cdk.ExpectFilesOptions;
import io.github.fileworks.cdk.FileIngestBucket;
import io.github.fileworks.cdk.IngestRouteOptions;
import io.github.fileworks.cdk.IngestTarget;
import io.github.fileworks.cdk.ObjectFargateTask;
import io.github.fileworks.cdk.PipelineAlarms;
import io.github.fileworks.cdk.ScheduledFargateJob;
import io.github.fileworks.cdk.TaskLifecycleAlerts;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.ec2.SubnetType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.ecs.Cluster;
import software.amazon.awscdk.services.ecs.ContainerImage;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.constructs.Construct;

public final class ObjectTasksStack extends Stack {
    public ObjectTasksStack(final Construct scope, final String id, final StackProps props) {
        super(scope, id, props);

        // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        Vpc vpc = Vpc.Builder.create(this, "Vpc").maxAzs(2).natGateways(0).build();
        Cluster cluster = Cluster.Builder.create(this, "Cluster").vpc(vpc).enableFargateCapacityProviders(true).build();
        SubnetSelection subnets = SubnetSelection.builder().subnetType(SubnetType.PUBLIC).build();

        Bucket results = Bucket.Builder.create(this, "Results")
                .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
                .enforceSsl(true)
                .versioned(true)
                .build();

        // a task for each file, on Spot, restarted after an interruption
        ContainerImage image = ContainerImage.fromAsset("../../worker/object-tasks");
        ObjectFargateTask summarizer = ObjectFargateTask.Builder.create(this, "Summarizer")
                .cluster(cluster)
                .image(image)
                .cpu(256)
                .memoryLimitMiB(512)
                .retries(1)
                .environment(Map.of("RESULTS_BUCKET", results.getBucketName()))
                .vpcSubnets(subnets)
                .assignPublicIp(true)
                .build();
        summarizer.grantStoreResults(results, "summaries/");

        FileIngestBucket ingest = new FileIngestBucket(this, "Ingest");
        ingest.addRoute("Records", IngestRouteOptions.builder()
                .prefixes(List.of("in/"))
                .suffixes(List.of(".jsonl"))
                .target(IngestTarget.fargateTask(summarizer))
                .build());
        // Records arrive around the clock: an alarm if none did for ten minutes. Choose the longest regular gap of yours.
        ingest.expectFiles(ExpectFilesOptions.builder().every(Duration.minutes(10)).build());

        // the same image with another program: an hourly report
        ScheduledFargateJob report = ScheduledFargateJob.Builder.create(this, "Report")
                .cluster(cluster)
                .image(image)
                .command(List.of("node", "report.ts"))
                .cpu(256)
                .memoryLimitMiB(512)
                .schedule(ScheduleExpression.rate(Duration.hours(1)))
                .environment(Map.of("RESULTS_BUCKET", results.getBucketName()))
                .vpcSubnets(subnets)
                .assignPublicIp(true)
                .build();
        report.getGrantPrincipal().addToPrincipalPolicy(PolicyStatement.Builder.create()
                .actions(List.of("s3:ListBucket"))
                .resources(List.of(results.getBucketArn()))
                .build());
        report.getGrantPrincipal().addToPrincipalPolicy(PolicyStatement.Builder.create()
                .actions(List.of("s3:PutObject"))
                .resources(List.of(results.arnForObjects("reports/latest.json")))
                .build());

        // Alerts of failed tasks and alarms go to the same topic.
        TaskLifecycleAlerts alerts = TaskLifecycleAlerts.Builder.create(this, "Alerts").clusters(List.of(cluster)).build();
        PipelineAlarms.of(this).notify(new SnsAction(alerts.getTopic()));

        CfnOutput.Builder.create(this, "IncomingBucket").value(ingest.getBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "ResultsBucket").value(results.getBucketName()).build();
        CfnOutput.Builder.create(this, "DeadLetterQueueUrl").value(summarizer.getDeadLetterQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "ReportSchedule").value(report.getSchedule().getScheduleName()).build();
        CfnOutput.Builder.create(this, "AlertsTopicArn").value(alerts.getTopic().getTopicArn()).build();
    }
}
