package com.example;

import software.amazon.awscdk.App;
import software.amazon.awscdk.StackProps;

public final class ExportServiceApp {
    public static void main(final String[] args) {
        App app = new App();
        new ExportServiceStack(app, "ExportService", StackProps.builder()
                .description("Export jobs of an API: read page by page, downloaded, checked against metadata, stored")
                .build());
        app.synth();
    }
}
