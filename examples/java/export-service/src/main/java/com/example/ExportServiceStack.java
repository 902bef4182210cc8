package com.example;

import io.github.fileworks.cdk.ExportOrchestrator;
import io.github.fileworks.cdk.PipelineAlarms;
import io.github.fileworks.cdk.PipelineDashboard;
import io.github.fileworks.cdk.PipelineStage;
import io.github.fileworks.cdk.PostProcessing;
import io.github.fileworks.cdk.QueueScaledFargateWorkerOptions;
import io.github.fileworks.cdk.TaskLifecycleAlerts;
import java.util.List;
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
import software.amazon.awscdk.services.ecs.ContainerInsights;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.sqs.DeadLetterQueue;
import software.amazon.awscdk.services.sqs.Queue;
import software.constructs.Construct;

public final class ExportServiceStack extends Stack {
    public ExportServiceStack(final Construct scope, final String id, final StackProps props) {
        super(scope, id, props);

        // You provide the network and the cluster. The downloader's scaling needs Container Insights.
        Vpc vpc = Vpc.Builder.create(this, "Vpc").maxAzs(2).natGateways(0).build();
        Cluster cluster = Cluster.Builder.create(this, "Cluster")
                .vpc(vpc)
                .enableFargateCapacityProviders(true)
                .containerInsightsV2(ContainerInsights.ENABLED)
                .build();

        // Store the token of your API in it. The program reads a new token without a restart.
        Secret token = Secret.Builder.create(this, "ApiToken").description("Bearer token of the Export API").build();

        // Alerts of failed tasks and alarms go to the same topic.
        TaskLifecycleAlerts alerts = TaskLifecycleAlerts.Builder.create(this, "Alerts")
                .clusters(List.of(cluster))
                .expectedExitCodes(List.of(143))
                .build();
        PipelineAlarms.of(this).notify(new SnsAction(alerts.getTopic()));

        // Consumers of the results receive the events of completed jobs from this queue.
        Queue completed = Queue.Builder.create(this, "Completed")
                .enforceSsl(true)
                .retentionPeriod(Duration.days(7))
                .deadLetterQueue(DeadLetterQueue.builder()
                        .queue(Queue.Builder.create(this, "CompletedDeadLetters").enforceSsl(true).retentionPeriod(Duration.days(14)).build())
                        .maxReceiveCount(5)
                        .build())
                .build();

        QueueScaledFargateWorkerOptions network = QueueScaledFargateWorkerOptions.builder()
                .vpcSubnets(SubnetSelection.builder().subnetType(SubnetType.PUBLIC).build())
                .assignPublicIp(true)
                .build();
        ExportOrchestrator exporter = ExportOrchestrator.Builder.create(this, "Exports")
                .cluster(cluster)
                .image(ContainerImage.fromAsset("../../worker/export-service"))
                .apiUrl("https://export-api.example.com/")
                .apiSecret(token)
                .apiRequestsPerSecond(100)
                .outputPrefix("exports/")
                .priorityQueues(true)
                .postProcessing(PostProcessing.queue(completed))
                .orchestrator(network)
                .downloader(network)
                .build();

        PipelineDashboard.Builder.create(this, "Dashboard")
                .stages(List.of(
                        PipelineStage.exports(exporter),
                        PipelineStage.worker(exporter.getOrchestrator()),
                        PipelineStage.worker(exporter.getDownloader()),
                        PipelineStage.alerts(alerts)))
                .build();

        CfnOutput.Builder.create(this, "ExportQueue").value(exporter.getExportQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "HighPriorityExportQueue").value(exporter.getOrchestrator().getAdditionalQueues().get("High").getQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "LowPriorityExportQueue").value(exporter.getOrchestrator().getAdditionalQueues().get("Low").getQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "DownloadQueue").value(exporter.getDownloadQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "CompletedQueue").value(completed.getQueueUrl()).build();
        CfnOutput.Builder.create(this, "JobTable").value(exporter.getJobTable().getTableName()).build();
        CfnOutput.Builder.create(this, "MetadataTable").value(exporter.getMetadataTable().getTableName()).build();
        CfnOutput.Builder.create(this, "OutputBucket").value(exporter.getOutputBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "ApiTokenSecret").value(token.getSecretArn()).build();
        CfnOutput.Builder.create(this, "AlertsTopic").value(alerts.getTopic().getTopicArn()).build();
    }
}
