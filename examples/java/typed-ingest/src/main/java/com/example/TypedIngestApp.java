package com.example;

import software.amazon.awscdk.App;
import software.amazon.awscdk.StackProps;

public final class TypedIngestApp {
    public static void main(final String[] args) {
        App app = new App();
        new TypedIngestStack(app, "TypedIngest", StackProps.builder()
                .description("Files under incoming/ start tasks by type: in order for each customer, or in parallel")
                .build());
        app.synth();
    }
}
