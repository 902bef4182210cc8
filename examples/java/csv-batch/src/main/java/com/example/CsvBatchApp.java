package com.example;

import software.amazon.awscdk.App;
import software.amazon.awscdk.StackProps;

public final class CsvBatchApp {
    public static void main(final String[] args) {
        App app = new App();
        new CsvBatchStack(app, "CsvBatch", StackProps.builder()
                .description("CSV files below a prefix, validated in parallel batches into S3 or PostgreSQL")
                .build());
        app.synth();
    }
}
