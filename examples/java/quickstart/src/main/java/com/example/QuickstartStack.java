package com.example;

import io.github.fileworks.cdk.FileIngestBucket;
import io.github.fileworks.cdk.IngestRouteOptions;
import io.github.fileworks.cdk.IngestTarget;
import io.github.fileworks.cdk.PipelineAlarms;
import io.github.fileworks.cdk.QueueScaledFargateWorker;
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
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.sns.Topic;
import software.constructs.Construct;

public final class QuickstartStack extends Stack {
    public QuickstartStack(final Construct scope, final String id, final StackProps props) {
        super(scope, id, props);

        // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        Vpc vpc = Vpc.Builder.create(this, "Vpc").maxAzs(2).natGateways(0).build();
        Cluster cluster = Cluster.Builder.create(this, "Cluster").vpc(vpc).enableFargateCapacityProviders(true).build();

        Bucket results = Bucket.Builder.create(this, "Results")
                .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
                .enforceSsl(true)
                .versioned(true)
                .build();

        QueueScaledFargateWorker worker = QueueScaledFargateWorker.Builder.create(this, "Unpacker")
                .cluster(cluster)
                .image(ContainerImage.fromAsset("../../worker/quickstart"))
                .environment(Map.of("RESULTS_BUCKET", results.getBucketName()))
                // the worker extends this while it works; after a crash, its files are redelivered after this time
                .visibilityTimeout(Duration.seconds(30))
                .maxTasks(4)
                .vpcSubnets(SubnetSelection.builder().subnetType(SubnetType.PUBLIC).build())
                .assignPublicIp(true)
                .build();
        worker.grantStoreResults(results);

        FileIngestBucket ingest = new FileIngestBucket(this, "Ingest");
        ingest.addRoute("Archives", IngestRouteOptions.builder()
                .prefixes(List.of("incoming/"))
                .suffixes(List.of(".zip", ".whl"))
                .target(IngestTarget.worker(worker))
                .build());

        // Every alarm of the pipeline notifies this topic; subscribe to it, for example with your e-mail address.
        Topic alarms = Topic.Builder.create(this, "Alarms").enforceSsl(true).build();
        PipelineAlarms.of(this).notify(new SnsAction(alarms));

        CfnOutput.Builder.create(this, "IncomingBucket").value(ingest.getBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "ResultsBucket").value(results.getBucketName()).build();
        CfnOutput.Builder.create(this, "QueueUrl").value(worker.getQueue().getQueueUrl()).build();
        CfnOutput.Builder.create(this, "AlarmsTopic").value(alarms.getTopicArn()).build();
    }
}
