package tablet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Sends one finalised instance: HEAD, then as many POSTs as its files need.
 *
 * <p>Re-creates A3 (one trailing slash goes), B10 (the form's own address), C1 to C4 (what HEAD means), C6 and C7
 * (splitting by the server's limit; the first file always goes), C9 (which answers are success, and the message shown)
 * and C11 (after a lost answer the whole sequence again).
 */
final class Uploader {
    private static final String ACCEPT_LENGTH = "X-OpenRosa-Accept-Content-Length";
    private static final long DEFAULT_LIMIT = 10_000_000;
    private static final int MOST_FILES = 101;

    private final String submissionUrl;
    private final Http http;
    private final Events events;
    /** Addresses that a HEAD's Location replaced, for the life of the process (C4). */
    private final Map<String, String> moved = new HashMap<>();

    /** What is told about one sending. */
    private static final class Record {
        final long start = System.currentTimeMillis();
        final List<Integer> codes = new ArrayList<>();
        final List<Map<String, Object>> posts = new ArrayList<>();
        String message;
        String error;
    }

    private record Target(String url, long limit) { }

    Uploader(Options options, Http http, Events events) {
        this.submissionUrl = options.baseUrl.replaceFirst("/$", "") + "/submission";
        this.http = http;
        this.events = events;
    }

    /** Send, and tell how it went; true when the server has it. */
    boolean send(Path xml) {
        Record record = new Record();
        try {
            sendParts(xml, record, false);
        } catch (Exception e) {
            record.error = Events.describe(e);
        }
        boolean isSent = record.error == null;
        events.report("submission", "ok", isSent, "file", Disk.name(xml), "codes", record.codes, "posts", record.posts,
            "message", record.message, "error", record.error, "ms", System.currentTimeMillis() - record.start);
        return isSent;
    }

    /** Send the first POST and lose its answer: the tablet does not know that the server has it. */
    void sendAndLoseResponse(Path xml) {
        Record record = new Record();
        try {
            sendParts(xml, record, true);
        } catch (Http.LostResponse e) {
            events.report("submission", "file", Disk.name(xml), "lost_response", true, "posts", record.posts);
        } catch (Exception e) {
            events.report("submission", "ok", false, "file", Disk.name(xml), "codes", record.codes,
                "error", Events.describe(e));
        }
    }

    private void sendParts(Path xml, Record record, boolean losesResponse) throws IOException, InterruptedException {
        Target target = ask(address(xml), record);
        List<Path> files = Instances.attachments(xml);
        Reply reply;
        int from = 0;
        do {
            int to = endOfChunk(xml, files, from, target.limit);
            MultipartBody body = chunk(xml, files.subList(from, to), to < files.size());
            record.posts.add(describe(to - from, body, to < files.size()));
            if (losesResponse) http.postAndHangUp(target.url, body);
            reply = http.post(target.url, body);
            record.codes.add(reply.code);
            from = to;
        } while (from < files.size() && isSuccess(reply));
        record.message = message(reply);
        record.error = error(reply, record.message);
        if (record.error == null) Instances.markSent(xml);
    }

    private String address(Path xml) throws IOException {
        String own = Instances.submissionUri(xml);
        return http.withDeviceId(own != null ? own : submissionUrl);
    }

    /** HEAD: 204 is go, 401 a login, another 2xx a failure; anything else is ignored (C2). */
    private Target ask(String url, Record record) throws IOException, InterruptedException {
        if (moved.containsKey(url)) return new Target(moved.get(url), DEFAULT_LIMIT);
        Reply reply = http.head(url);
        record.codes.add(reply.code);
        if (reply.code == 401) throw new IOException("HEAD: authentication needed");
        if (reply.code / 100 == 2 && reply.code != 204)
            throw new IOException("HEAD answered " + reply.code
                + ", not 204: Is this an OpenRosa submission endpoint?");
        if (reply.code != 204) return new Target(url, DEFAULT_LIMIT);
        if (reply.has("Location")) moved.put(url, relocated(url, reply.header("Location")));
        return new Target(moved.getOrDefault(url, url), limit(reply));
    }

    private static String relocated(String url, String location) throws IOException {
        String decoded = URLDecoder.decode(location, StandardCharsets.UTF_8);
        URI to = URI.create(decoded), from = URI.create(url);
        if (to.getHost() == null || !to.getHost().equalsIgnoreCase(from.getHost()))
            throw new IOException("Unexpected redirection attempt to a different host: " + decoded);
        return to.getRawQuery() == null ? decoded + "?" + from.getRawQuery() : decoded;
    }

    private long limit(Reply reply) {
        if (!reply.has(ACCEPT_LENGTH)) return DEFAULT_LIMIT;
        try {
            return Long.parseLong(reply.header(ACCEPT_LENGTH));
        } catch (NumberFormatException e) {
            events.report("warning", "message", ACCEPT_LENGTH + " is not a number: " + reply.header(ACCEPT_LENGTH));
            return DEFAULT_LIMIT;
        }
    }

    /** The first file always goes; more until the next would pass the limit. */
    private static int endOfChunk(Path xml, List<Path> files, int from, long limit) throws IOException {
        if (from == files.size()) return from;
        long size = Files.size(xml) + Files.size(files.get(from));
        int to = from + 1;
        while (to < files.size() && to - from < MOST_FILES && size + Files.size(files.get(to)) <= limit)
            size += Files.size(files.get(to++));
        return to;
    }

    private static MultipartBody chunk(Path xml, List<Path> files, boolean isIncomplete) {
        MultipartBody body = new MultipartBody();
        body.addXml(xml);
        files.forEach(body::addAttachment);
        if (isIncomplete) body.markIncomplete();
        return body.close();
    }

    private static Map<String, Object> describe(int files, MultipartBody body, boolean isIncomplete) {
        Map<String, Object> post = new LinkedHashMap<>();
        post.put("files", files);
        post.put("bytes", body.length());
        post.put("incomplete", isIncomplete);
        return post;
    }

    private static boolean isSuccess(Reply reply) {
        return reply.code == 201 || reply.code == 202;
    }

    /** What the person would be shown as an error, or null on success (C9). */
    private static String error(Reply reply, String message) {
        if (isSuccess(reply)) return null;
        return switch (reply.code) {
            case 200 -> "Error: Network login failure? Again?";
            case 204 -> "204 to a POST is an exception in Collect";
            case 401 -> "401";
            case 400 -> message != null ? message
                : "Failed to upload. Please make sure the form is configured to accept submissions on the server";
            default -> message != null ? message : "HTTP " + reply.code;
        };
    }

    private static String message(Reply reply) {
        if (!reply.text().contains("OpenRosaResponse")) return null;
        try {
            var document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new ByteArrayInputStream(reply.body));
            NodeList messages = document.getElementsByTagName("message"); // by its plain name: a prefix would hide it
            return messages.getLength() == 0 ? null : messages.item(0).getTextContent();
        } catch (ParserConfigurationException | SAXException | IOException e) {
            return null; // Collect then shows none
        }
    }
}
