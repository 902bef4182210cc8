package com.example;

import software.amazon.awscdk.App;
import software.amazon.awscdk.StackProps;

public final class ObjectTasksApp {
    public static void main(final String[] args) {
        App app = new App();
        new ObjectTasksStack(app, "ObjectTasks", StackProps.builder()
                .description("A Fargate task for each file under in/, a report every hour, and alerts")
                .build());
        app.synth();
    }
}
