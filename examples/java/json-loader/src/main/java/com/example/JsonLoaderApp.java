package com.example;

import software.amazon.awscdk.App;
import software.amazon.awscdk.StackProps;

public final class JsonLoaderApp {
    public static void main(final String[] args) {
        App app = new App();
        new JsonLoaderStack(app, "JsonLoader", StackProps.builder()
                .description("JSON files that land under orders/ are loaded into PostgreSQL, each exactly once")
                .build());
        app.synth();
    }
}
