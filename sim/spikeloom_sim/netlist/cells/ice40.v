// Around yosys' model of the iCE40 block RAM: what the data sheet leaves open becomes wrong data.
// The model of yosys returns what was there when a word is read in the cycle in which it is
// written; nobody promises that (yosys' ice40/brams.txt neither), so every second such read is
// inverted here. This file is the project's own; everything else in it is yosys' SB_RAM40_4K.

module strict_SB_RAM40_4K (
    output [15:0] RDATA,
    input RCLK, RCLKE, RE,
    input [10:0] RADDR,
    input WCLK, WCLKE, WE,
    input [10:0] WADDR,
    input [15:0] MASK, WDATA
);
    parameter WRITE_MODE = 0;
    parameter READ_MODE = 0;
    parameter [255:0] INIT_0 = 256'h0;
    parameter [255:0] INIT_1 = 256'h0;
    parameter [255:0] INIT_2 = 256'h0;
    parameter [255:0] INIT_3 = 256'h0;
    parameter [255:0] INIT_4 = 256'h0;
    parameter [255:0] INIT_5 = 256'h0;
    parameter [255:0] INIT_6 = 256'h0;
    parameter [255:0] INIT_7 = 256'h0;
    parameter [255:0] INIT_8 = 256'h0;
    parameter [255:0] INIT_9 = 256'h0;
    parameter [255:0] INIT_A = 256'h0;
    parameter [255:0] INIT_B = 256'h0;
    parameter [255:0] INIT_C = 256'h0;
    parameter [255:0] INIT_D = 256'h0;
    parameter [255:0] INIT_E = 256'h0;
    parameter [255:0] INIT_F = 256'h0;

    wire [15:0] raw;
    SB_RAM40_4K #(
        .WRITE_MODE(WRITE_MODE), .READ_MODE(READ_MODE),
        .INIT_0(INIT_0), .INIT_1(INIT_1), .INIT_2(INIT_2), .INIT_3(INIT_3), .INIT_4(INIT_4),
        .INIT_5(INIT_5), .INIT_6(INIT_6), .INIT_7(INIT_7), .INIT_8(INIT_8), .INIT_9(INIT_9),
        .INIT_A(INIT_A), .INIT_B(INIT_B), .INIT_C(INIT_C), .INIT_D(INIT_D), .INIT_E(INIT_E),
        .INIT_F(INIT_F)
    ) memory (
        .RDATA(raw), .RCLK(RCLK), .RCLKE(RCLKE), .RE(RE), .RADDR(RADDR),
        .WCLK(WCLK), .WCLKE(WCLKE), .WE(WE), .WADDR(WADDR), .MASK(MASK), .WDATA(WDATA)
    );

    // Bits of a row of 16 that a port reaches: mode m has 16 / 2**m of them at an address, spread
    // so that the bits which share a data pin are neighbours.
    function [15:0] reached(input integer mode, input [10:0] address);
        integer k;
        for (k = 0; k < 16; k = k + 1)
            reached[k] = (k & ((1 << mode) - 1)) == ((address >> 8) & ((1 << mode) - 1));
    endfunction

    wire writes = WE && WCLKE && WADDR[7:0] == RADDR[7:0];
    wire [15:0] common = reached(READ_MODE, RADDR) & reached(WRITE_MODE, WADDR)
        & (WRITE_MODE == 0 ? ~MASK : 16'hFFFF);

    // The pin of a bit: the lowest of its group, and one more per halving (0, 0, 1, 3).
    reg [15:0] disturbed = 0;
    reg flip = 0;
    integer k;
    always @(posedge RCLK)
        if (RE && RCLKE) begin
            disturbed <= 0;
            if (writes && common != 0) begin
                flip <= ~flip;
                for (k = 0; k < 16; k = k + 1)
                    if (flip && common[k])
                        disturbed[(k & ~((1 << READ_MODE) - 1)) + (READ_MODE == 0 ? 0
                                  : (1 << (READ_MODE - 1)) - 1)] <= 1;
            end
        end
    assign RDATA = raw ^ disturbed;
endmodule
